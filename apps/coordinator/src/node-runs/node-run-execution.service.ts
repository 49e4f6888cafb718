import { Injectable } from '@nestjs/common';
import type { EvaluationResult, NodeKind, PolicyDecision } from '#contract';
import { Database } from '#database';
import { policyDecidedEvent } from '../run-log/policy-decided.event.js';
import { ReadyQueueService } from '../ready/ready-queue.service.js';
import type { NodeRunRef } from '../ready/ready.repository.js';
import { RunLogService } from '../run-log/run-log.service.js';
import type { StoredRun } from '../run-log/run-log.repository.js';
import { NodeRunEndingService } from './node-run-ending.service.js';
import type { Outcome } from './node-run-ending.service.js';
import { NodeRunsRepository } from './node-runs.repository.js';
import type { StoredNodeRun } from './node-runs.repository.js';

/** A node run that this process holds: its epoch fences every later write. */
export interface HeldNodeRun {
  readonly nodeRun: StoredNodeRun;
  readonly run: StoredRun;
}

/** What the dispatcher does with node runs: take, begin, finish. Every write after the take carries the epoch. */
@Injectable()
export class NodeRunExecutionService {
  constructor(
    private readonly database: Database,
    private readonly repository: NodeRunsRepository,
    private readonly ending: NodeRunEndingService,
    private readonly runLog: RunLogService,
    private readonly ready: ReadyQueueService,
  ) {}

  /** Takes a node run from the queue and assigns it to `owner`; undefined when somebody else was faster or it is not queued. */
  async take(ref: NodeRunRef, owner: string): Promise<HeldNodeRun | undefined> {
    const assigned = await this.database.transaction(async (tx) => {
      if (!(await this.ready.take(tx, ref))) return undefined;
      if ((await this.repository.assign(tx, ref.bucket, ref.nodeRunId, owner)) === undefined) return undefined;
      return this.repository.find(tx, ref.bucket, ref.nodeRunId);
    });
    if (assigned === undefined) return undefined;
    return { nodeRun: assigned, run: await this.runLog.get(assigned.run_id) };
  }

  /** assigned -> running with the decision that allowed it; false when the node run is not ours any more. */
  async begin({ nodeRun }: HeldNodeRun, kind: NodeKind, decision: PolicyDecision): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const head = await this.runLog.lock(tx, nodeRun.run_id);
      if (!(await this.repository.begin(tx, nodeRun, kind, new Date()))) return false;
      const event = policyDecidedEvent('node.run.execute', decision, nodeRun.node_run_id);
      await this.runLog.append(tx, head, [event], head.state === 'queued' ? 'running' : undefined);
      return true;
    });
  }

  /** Ends a node run that never ran: refused by policy, or nothing can run it. */
  async refuse({ nodeRun }: HeldNodeRun, outcome: Outcome, decision?: PolicyDecision): Promise<boolean> {
    const events =
      decision === undefined ? [] : [policyDecidedEvent('node.run.execute', decision, nodeRun.node_run_id)];
    return this.database.transaction(async (tx) => {
      const head = await this.runLog.lock(tx, nodeRun.run_id);
      return this.ending.end(tx, head, nodeRun, outcome, { events, epoch: nodeRun.epoch });
    });
  }

  /** Gives a node run back to the queue: nothing of it has run. */
  async release({ nodeRun }: HeldNodeRun, runAfter: Date): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      if (!(await this.repository.release(tx, nodeRun))) return false;
      await this.ready.enqueue(tx, nodeRun.bucket, [nodeRun.node_run_id], runAfter);
      return true;
    });
  }

  /** Ends an atomic node run with what the executor returned: evaluation first, then completion, in one transaction. */
  async finish({ nodeRun }: HeldNodeRun, outcome: Outcome): Promise<boolean> {
    const evaluation: EvaluationResult = {
      status: outcome.state === 'succeeded' ? 'success' : 'fail',
      reason_code: 'atomic_completed',
    };
    return this.database.transaction(async (tx) => {
      const head = await this.runLog.lock(tx, nodeRun.run_id);
      const events = [
        { type: 'node_evaluated', nodeRunId: nodeRun.node_run_id, data: evaluation },
        { type: 'atomic_executed', nodeRunId: nodeRun.node_run_id, data: { state: outcome.state } },
      ] as const;
      if (!(await this.ending.end(tx, head, nodeRun, outcome, { events, epoch: nodeRun.epoch }))) return false;
      await this.repository.insertReport(tx, {
        bucket: nodeRun.bucket,
        node_run_id: nodeRun.node_run_id,
        seq: head.last_seq + 1,
        evaluation_result: evaluation,
        recovery_action: null,
      });
      return true;
    });
  }
}
