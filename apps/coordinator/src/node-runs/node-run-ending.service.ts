import { Injectable } from '@nestjs/common';
import type { NodeRunCompleteRequest, NodeRunState } from '#contract';
import type { Transaction } from '#database';
import { ReadyQueueService } from '../ready/ready-queue.service.js';
import { RunLogService } from '../run-log/run-log.service.js';
import type { NewRunEvent } from '../run-log/run-log.service.js';
import type { RunEntity } from '../run-log/run.entity.js';
import { fingerprint } from '../sharding/fingerprint.js';
import type { NodeRunResultEntity, StoredError } from './node-run-documents.entity.js';
import { NodeRunsRepository } from './node-runs.repository.js';
import type { NodeRunEntity } from './node-run.entity.js';

/** How a node run ended. */
export interface Outcome {
  readonly state: Extract<NodeRunState, 'succeeded' | 'failed' | 'canceled'>;
  readonly outputs?: Record<string, unknown>;
  readonly output_artifacts?: NodeRunCompleteRequest['output_artifacts'];
  readonly error?: StoredError;
}

const CANCELED: Outcome = { state: 'canceled' };

/** Ends node runs: the result, what was below them, the run when it was the root, and the events, in one transaction. */
@Injectable()
export class NodeRunEndingService {
  private readonly canceledListeners: ((nodeRuns: readonly NodeRunEntity[]) => void)[] = [];

  constructor(
    private readonly repository: NodeRunsRepository,
    private readonly runLog: RunLogService,
    private readonly ready: ReadyQueueService,
  ) {}

  /** Hears, after the commit, of node runs that were canceled while an executor may still work on them. */
  onCanceled(listener: (nodeRuns: readonly NodeRunEntity[]) => void): void {
    this.canceledListeners.push(listener);
  }

  /**
   * Ends one node run of a locked run. Open node runs below it are canceled: nothing works for a parent that has ended.
   *
   * @param epoch when given, only the holder of that epoch may end it
   * @returns false when the node run was not open (or not held): then nothing was written
   */
  async end(
    tx: Transaction,
    head: RunEntity,
    nodeRun: NodeRunEntity,
    outcome: Outcome,
    options: { readonly events?: readonly NewRunEvent[]; readonly epoch?: number } = {},
  ): Promise<boolean> {
    const at = new Date();
    const { bucket, node_run_id } = nodeRun;
    // Whoever holds an epoch took the entry with it; an entry there is now belongs to a later epoch.
    if (options.epoch === undefined) await this.ready.remove(tx, bucket, [node_run_id]);
    const ended = await this.repository.end(tx, bucket, [node_run_id], {
      state: outcome.state,
      at,
      ...(options.epoch === undefined ? {} : { epoch: options.epoch }),
    });
    if (ended.length === 0) return false;
    await this.repository.insertResult(tx, resultOf(nodeRun, outcome));
    await this.cancelAll(tx, await this.repository.findOpen(tx, bucket, nodeRun.run_id, node_run_id), at);
    await this.record(tx, head, nodeRun, outcome, options.events ?? []);
    return true;
  }

  /** Cancels every open node run of a locked run. The caller ends the run itself. */
  async cancelOpen(tx: Transaction, head: RunEntity): Promise<void> {
    await this.cancelAll(tx, await this.repository.findOpen(tx, head.bucket, head.run_id), new Date());
  }

  private async record(
    tx: Transaction,
    head: RunEntity,
    nodeRun: NodeRunEntity,
    outcome: Outcome,
    events: readonly NewRunEvent[],
  ): Promise<void> {
    if (nodeRun.node_run_id !== head.root_node_run_id) {
      if (events.length > 0) await this.runLog.append(tx, head, events);
      return;
    }
    // A root that was never dispatched here (see node-run-state.ts) takes its run through running as well.
    const begun =
      head.state === 'queued' && outcome.state === 'succeeded'
        ? await this.runLog.append(tx, head, [], 'running')
        : head;
    const completed: NewRunEvent = { type: 'run_completed', data: { state: outcome.state } };
    await this.runLog.append(tx, begun, [...events, completed], outcome.state);
  }

  private async cancelAll(tx: Transaction, open: readonly NodeRunEntity[], at: Date): Promise<void> {
    const first = open[0];
    if (first === undefined) return;
    const ids = open.map(({ node_run_id }) => node_run_id);
    await this.ready.remove(tx, first.bucket, ids);
    await this.repository.end(tx, first.bucket, ids, { state: 'canceled', at });
    for (const nodeRun of open) await this.repository.insertResult(tx, resultOf(nodeRun, CANCELED));
    const held = open.filter(({ state }) => state === 'assigned' || state === 'running');
    if (held.length > 0) tx.afterCommit(() => this.canceledListeners.forEach((listener) => listener(held)));
  }
}

/** The row that keeps an outcome. */
export function resultOf(
  { bucket, node_run_id }: Pick<NodeRunEntity, 'bucket' | 'node_run_id'>,
  outcome: Outcome,
): NodeRunResultEntity {
  return {
    bucket,
    node_run_id,
    result_hash: outcomeHash(outcome),
    outputs: outcome.outputs ?? null,
    output_artifacts: outcome.output_artifacts ?? null,
    error: outcome.error ?? null,
  };
}

/** Two completions are the same when their state and their results are. */
export function outcomeHash(outcome: Outcome): string {
  return fingerprint(outcome);
}
