import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { RequestContext } from '#contract';
import { continueTrace, LOGGER } from '#http';
import type { Logger } from '#http';
import { RunStoreService } from '../run-store/run-store.service.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import { TimersService } from '../timers/timers.service.js';
import { COORDINATOR_ITSELF } from '../lifecycle/coordinator-itself.js';
import { ExecutorCallsService } from './executor-calls.service.js';

type Canceled = Pick<NodeRunEntity, 'bucket' | 'run_id' | 'node_run_id' | 'kind'>;

const CALL_TIMEOUT_MS = 5_000;

/**
 * Tells executors to stop what was canceled: at once after the commit, and again, by whatever coordinator is alive, until they have
 * heard. The cancel itself is already durable: nothing depends on being heard.
 */
@Injectable()
export class CancelNoticesService implements OnApplicationBootstrap {
  constructor(
    private readonly store: RunStoreService,
    private readonly timers: TimersService,
    private readonly calls: ExecutorCallsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.store.onCommitted(({ changes }) => {
      for (const nodeRun of changes.canceledWhileHeld) void this.tell(nodeRun);
    });
    this.timers.onCancelNotice((nodeRun) => this.tell(nodeRun));
  }

  private async tell(nodeRun: Canceled): Promise<void> {
    try {
      await this.calls.cancel(cancelContext(), nodeRun.kind, nodeRun.node_run_id);
      await this.timers.drop({ ...nodeRun, kind: 'cancel_notice' });
    } catch (error) {
      this.logger.warn(
        { err: error, node_run_id: nodeRun.node_run_id },
        'the executor could not be told of a cancel yet',
      );
    }
  }
}

function cancelContext(): RequestContext {
  return {
    principal: COORDINATOR_ITSELF,
    trace: continueTrace(undefined, undefined),
    requestId: randomUUID(),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  };
}
