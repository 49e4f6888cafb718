import { Injectable } from '@nestjs/common';
import { Database } from '#database';
import type { Transaction } from '#database';
import type { Bucket } from '../sharding/bucket.js';
import { ReadyRepository } from './ready.repository.js';
import type { NodeRunRef } from './ready.repository.js';

/** The queue of node runs that wait for dispatch. Enqueueing is part of the command's transaction. */
@Injectable()
export class ReadyQueueService {
  private listener: ((refs: readonly NodeRunRef[]) => void) | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: ReadyRepository,
  ) {}

  /** The dispatcher of this process hears of what was enqueued here at once, without looking. */
  onEnqueued(listener: (refs: readonly NodeRunRef[]) => void): void {
    this.listener = listener;
  }

  /** @param runAfter not before this time; now when absent */
  async enqueue(tx: Transaction, bucket: Bucket, nodeRunIds: readonly string[], runAfter?: Date): Promise<void> {
    await this.repository.insert(tx, bucket, nodeRunIds, runAfter ?? new Date());
    if (runAfter !== undefined) return;
    tx.afterCommit(() => this.listener?.(nodeRunIds.map((nodeRunId) => ({ bucket, nodeRunId }))));
  }

  take(tx: Transaction, ref: NodeRunRef): Promise<boolean> {
    return this.repository.take(tx, ref);
  }

  async remove(tx: Transaction, bucket: Bucket, nodeRunIds: readonly string[]): Promise<void> {
    if (nodeRunIds.length > 0) await this.repository.remove(tx, bucket, nodeRunIds);
  }

  findDue(limit: number): Promise<NodeRunRef[]> {
    return this.repository.findDue(this.database, new Date(), limit);
  }
}
