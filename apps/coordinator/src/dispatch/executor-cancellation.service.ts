import { Inject, Injectable, Optional } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { AtomicExecutorApi } from '#contract';
import { continueTrace, LOGGER } from '#http';
import type { Logger } from '#http';
import { NodeRunEndingService } from '../node-runs/node-run-ending.service.js';
import type { NodeRunEntity } from '../node-runs/node-run.entity.js';

/** Tells the executor to stop what was canceled. The cancel itself is already durable: nothing depends on being heard. */
@Injectable()
export class ExecutorCancellationService implements OnModuleInit {
  constructor(
    private readonly ending: NodeRunEndingService,
    @Optional() @Inject(AtomicExecutorApi) private readonly executor: AtomicExecutorApi | undefined,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.ending.onCanceled((nodeRuns) => void this.tell(nodeRuns));
  }

  private async tell(nodeRuns: readonly NodeRunEntity[]): Promise<void> {
    const ctx = {
      principal: { subject: 'run-coordinator' },
      trace: continueTrace(undefined, undefined),
      requestId: randomUUID(),
      signal: new AbortController().signal,
    };
    for (const { node_run_id, kind } of nodeRuns) {
      if (kind === 'composite' || this.executor === undefined) continue;
      await this.executor.cancelAtomicNodeRun(ctx, node_run_id).catch((error: unknown) => {
        this.logger.warn({ err: error, node_run_id }, 'the executor could not be told of a cancel');
      });
    }
  }
}
