import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { AppError } from '#contract';
import { Database } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { DueWorkService } from '../due-work/due-work.service.js';
import type { DueRow } from '../due-work/due-work.repository.js';
import { expireApproval } from '../lifecycle/approvals.js';
import { COORDINATOR_ITSELF } from '../lifecycle/coordinator-itself.js';
import { expireNodeRun, expireRun } from '../lifecycle/cancel-run.js';
import { RunReadsService } from '../run-store/run-reads.service.js';
import { RunStoreService } from '../run-store/run-store.service.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import { TimersRepository } from './timers.repository.js';
import type { TimerKey } from './timers.repository.js';

type NoticeListener = (nodeRun: Pick<NodeRunEntity, 'bucket' | 'run_id' | 'node_run_id' | 'kind'>) => Promise<void>;

/** Most executors that are being told at once. */
const NOTICES_AT_ONCE = 100;

/** What happens when a timer is due: a run or a node run has used up its time, or an executor is to be told of a cancel. */
@Injectable()
export class TimersService implements OnModuleInit {
  private cancelNotice: NoticeListener | undefined;
  private telling = 0;

  constructor(
    private readonly database: Database,
    private readonly repository: TimersRepository,
    private readonly dueWork: DueWorkService,
    private readonly store: RunStoreService,
    private readonly reads: RunReadsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.dueWork.onTimers(async (rows) => {
      await Promise.all(rows.map((row) => this.fire(row)));
    });
  }

  /** Who tells executors of cancels. It never rejects: what was not heard is told again when the timer is due again. */
  onCancelNotice(listener: NoticeListener): void {
    this.cancelNotice = listener;
  }

  async drop(key: TimerKey): Promise<void> {
    await this.repository.delete(this.database, key);
  }

  private async fire(row: DueRow): Promise<void> {
    if (row.kind === 'ready') return;
    const key = { ...row, kind: row.kind };
    try {
      await this.handle(key);
    } catch (error) {
      if (isGone(error)) return this.drop(key);
      this.logger.warn(
        { err: error, timer: row.kind, run_id: row.run_id },
        'a timer could not be handled; it is tried again',
      );
    }
  }

  private async handle(key: TimerKey): Promise<void> {
    const { run_id: runId, node_run_id: nodeRunId } = key;
    if (key.kind === 'run_deadline') {
      await this.store.execute({ runId, nodeRunIds: [], open: true, documents: true, decide: expireRun });
    } else if (key.kind === 'node_run_deadline') {
      await this.store.execute({
        runId,
        nodeRunIds: [nodeRunId],
        open: true,
        documents: true,
        decide: (draft) => expireNodeRun(draft, nodeRunId),
      });
    } else if (key.kind === 'approval_expiry' || key.kind === 'start_approval_expiry') {
      const action = key.kind === 'approval_expiry' ? 'node.run.execute' : 'run.start';
      await this.store.execute({
        runId,
        nodeRunIds: [nodeRunId],
        open: true,
        documents: true,
        decide: (draft) => expireApproval(draft, nodeRunId, action),
      });
    } else if (await this.repository.postpone(this.database, key, new Date())) {
      await this.tell(nodeRunId);
    }
  }

  /** An executor that does not answer holds up nothing else that is due. */
  private async tell(nodeRunId: string): Promise<void> {
    if (this.cancelNotice === undefined || this.telling >= NOTICES_AT_ONCE) return;
    this.telling += 1;
    const done = () => {
      this.telling -= 1;
    };
    try {
      void this.cancelNotice(await this.reads.nodeRun(COORDINATOR_ITSELF, nodeRunId)).finally(done);
    } catch (error) {
      done();
      throw error;
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'run_not_found' || error.code === 'node_run_not_found');
}
