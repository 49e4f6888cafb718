import { AppError } from '#contract';
import type { RunEventType, RunState } from '#contract';
import type { Bucket } from '../sharding/bucket.js';
import type { ApprovalEntity } from '../tables/approval.entity.js';
import type { ApprovalNoticeType } from '../tables/approval-notice.entity.js';
import type { LeaseEntity } from '../tables/lease.entity.js';
import type {
  NodeRunInputsEntity,
  NodeRunReportEntity,
  NodeRunResultEntity,
} from '../tables/node-run-documents.entity.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import type { ReadyEntity } from '../tables/ready.entity.js';
import type { RunEventEntity } from '../tables/run-event.entity.js';
import type { RunEntity, RunRequestEntity } from '../tables/run.entity.js';
import type { TimerEntity } from '../tables/timer.entity.js';
import { canNodeRunMove, isNodeRunTerminal } from './node-run-state.js';
import { canRunMove, isRunTerminal } from './run-state.js';

/** An event before it has its place in the log. */
export interface NewRunEvent {
  readonly type: RunEventType;
  readonly nodeRunId?: string;
  readonly data?: object;
}

/** What of a node run's documents a command may need. */
export type LoadedDocuments = Pick<NodeRunInputsEntity, 'spec_hash' | 'constraints'> & {
  readonly result_hash: string | null;
};

/** What of a run's request a command may need. */
export type StartedRun = Pick<RunRequestEntity, 'request_hash' | 'run_context' | 'constraints'>;

/** The rows of a run as they were loaded under the lock of its head. */
export interface LoadedRun {
  /** Absent: there is no such run. */
  readonly head?: RunEntity;
  readonly request?: StartedRun;
  readonly nodeRuns: readonly NodeRunEntity[];
  readonly documents: ReadonlyMap<string, LoadedDocuments>;
  /** Keys of reports that were loaded, as `node_run_id key`. */
  readonly reportKeys: ReadonlySet<string>;
}

/** Everything that a command writes, of one run. A key that is deleted and added is deleted first. */
export interface RunChanges {
  newRun: RunRequestEntity | undefined;
  readonly newNodeRuns: Map<string, NodeRunInputsEntity>;
  readonly events: RunEventEntity[];
  readonly results: NodeRunResultEntity[];
  readonly reports: NodeRunReportEntity[];
  readonly ready: Changes<ReadyEntity>;
  readonly leases: Changes<LeaseEntity>;
  readonly timers: Changes<TimerEntity>;
  readonly newApprovals: ApprovalEntity[];
  readonly settledApprovals: SettledApproval[];
  /** Node runs that an executor may still work on although they were canceled. */
  readonly canceledWhileHeld: NodeRunEntity[];
}

/** What becomes of an approval that was pending. */
export type SettledApproval = Pick<ApprovalEntity, 'bucket' | 'approval_id' | 'decided_by' | 'comment'> & {
  readonly state: Exclude<ApprovalNoticeType, 'requested'>;
  readonly decided_at: Date;
};

export interface Changes<Row> {
  readonly added: Map<string, Row>;
  readonly removed: Map<string, Row>;
}

/**
 * One run in memory while commands work on it: the rows under the lock of its head, and what is to be written. The rules of the
 * lifecycle are functions on it; nothing here reads or writes a database, so the same rules run in the store and in the model of
 * the tests.
 *
 * A command checks everything before its first change: one that throws has changed nothing.
 */
export class RunDraft {
  readonly changes: RunChanges = {
    newRun: undefined,
    newNodeRuns: new Map(),
    events: [],
    results: [],
    reports: [],
    ready: { added: new Map(), removed: new Map() },
    leases: { added: new Map(), removed: new Map() },
    timers: { added: new Map(), removed: new Map() },
    newApprovals: [],
    settledApprovals: [],
    canceledWhileHeld: [],
  };
  /** Rows that differ from the loaded ones. */
  readonly changedNodeRuns = new Set<string>();
  headChanged = false;
  private readonly nodeRuns: Map<string, NodeRunEntity>;
  private readonly documents: Map<string, LoadedDocuments>;
  private readonly reportKeys: Set<string>;
  private row: RunEntity | undefined;
  private request: StartedRun | undefined;

  constructor(
    readonly bucket: Bucket,
    readonly runId: string,
    loaded: LoadedRun,
    readonly now: Date,
  ) {
    this.row = loaded.head;
    this.request = loaded.request;
    this.nodeRuns = new Map(loaded.nodeRuns.map((nodeRun) => [nodeRun.node_run_id, nodeRun]));
    this.documents = new Map(loaded.documents);
    this.reportKeys = new Set(loaded.reportKeys);
  }

  get exists(): boolean {
    return this.row !== undefined;
  }

  /** @throws AppError run_not_found */
  get head(): Readonly<RunEntity> {
    if (this.row === undefined) throw runNotFound(this.runId);
    return this.row;
  }

  get isTerminal(): boolean {
    return isRunTerminal(this.head.state);
  }

  /** Of the request that started the run. Only where the command asked for documents. */
  get started(): StartedRun | undefined {
    return this.request;
  }

  /** A node run of this run that is loaded. */
  find(nodeRunId: string): Readonly<NodeRunEntity> | undefined {
    return this.nodeRuns.get(nodeRunId);
  }

  documentsOf(nodeRunId: string): LoadedDocuments | undefined {
    return this.documents.get(nodeRunId);
  }

  hasReport(nodeRunId: string, key: string): boolean {
    return this.reportKeys.has(`${nodeRunId} ${key}`);
  }

  /** The loaded node runs that have not ended, always in the same order: from the root down. */
  open(): Readonly<NodeRunEntity>[] {
    return [...this.nodeRuns.values()]
      .filter(({ state }) => !isNodeRunTerminal(state))
      .sort((left, right) => left.depth - right.depth || (left.node_run_id < right.node_run_id ? -1 : 1));
  }

  /** The open node runs below one. Under an open node run everything above is open too, so the chain is loaded. */
  openBelow(nodeRunId: string): Readonly<NodeRunEntity>[] {
    const open = this.open();
    const below = new Set([nodeRunId]);
    for (let size = 0; size !== below.size;) {
      size = below.size;
      for (const { node_run_id, parent_node_run_id } of open) {
        if (parent_node_run_id !== null && below.has(parent_node_run_id)) below.add(node_run_id);
      }
    }
    below.delete(nodeRunId);
    return open.filter(({ node_run_id }) => below.has(node_run_id));
  }

  insertRun(head: RunEntity, request: RunRequestEntity): void {
    this.row = head;
    this.request = request;
    this.changes.newRun = request;
  }

  insertNodeRun(row: NodeRunEntity, documents: NodeRunInputsEntity): void {
    this.nodeRuns.set(row.node_run_id, row);
    this.documents.set(row.node_run_id, { ...documents, result_hash: null });
    this.changes.newNodeRuns.set(row.node_run_id, documents);
  }

  updateHead(change: Partial<Omit<RunEntity, 'bucket' | 'run_id' | 'state' | 'last_seq'>>): void {
    this.row = { ...this.head, ...change };
    this.headChanged = true;
  }

  /** Moves the run. A move that the state machine forbids is a defect of the caller and throws. */
  moveRun(to: RunState): void {
    const { head } = this;
    if (head.state === to) return;
    if (!canRunMove(head.state, to)) throw new Error(`a run cannot go from ${head.state} to ${to}`);
    this.row = {
      ...head,
      state: to,
      ...(to === 'running' ? { started_at: this.now } : {}),
      ...(isRunTerminal(to) ? { ended_at: this.now } : {}),
    };
    this.headChanged = true;
  }

  /** Changes a node run; a move that the state machine forbids throws. */
  updateNodeRun(nodeRunId: string, change: Partial<Omit<NodeRunEntity, 'bucket' | 'node_run_id' | 'run_id'>>): void {
    const row = this.nodeRuns.get(nodeRunId);
    if (row === undefined) throw new Error(`node run ${nodeRunId} is not loaded`);
    if (change.state !== undefined && change.state !== row.state && !canNodeRunMove(row.state, change.state)) {
      throw new Error(`node run ${nodeRunId} cannot go from ${row.state} to ${change.state}`);
    }
    this.nodeRuns.set(nodeRunId, { ...row, ...change });
    this.changedNodeRuns.add(nodeRunId);
  }

  append(...events: readonly NewRunEvent[]): void {
    if (events.length === 0) return;
    const { head } = this;
    events.forEach((event, index) => {
      this.changes.events.push({
        bucket: this.bucket,
        run_id: this.runId,
        seq: head.last_seq + index + 1,
        time: this.now,
        type: event.type,
        node_run_id: event.nodeRunId ?? null,
        data: event.data ?? null,
      });
    });
    this.row = { ...head, last_seq: head.last_seq + events.length };
    this.headChanged = true;
  }

  insertResult(result: NodeRunResultEntity): void {
    this.changes.results.push(result);
    const documents = this.documents.get(result.node_run_id);
    if (documents !== undefined) {
      this.documents.set(result.node_run_id, { ...documents, result_hash: result.result_hash });
    }
  }

  /** Keeps a report; its `seq` is that of the event that follows it. */
  insertReport(report: Omit<NodeRunReportEntity, 'bucket' | 'seq'>): void {
    this.changes.reports.push({ ...report, bucket: this.bucket, seq: this.head.last_seq + 1 });
    if (report.idempotency_key !== null) this.reportKeys.add(`${report.node_run_id} ${report.idempotency_key}`);
  }

  enqueue(nodeRunId: string, runAfter: Date): void {
    add(this.changes.ready, nodeRunId, {
      bucket: this.bucket,
      node_run_id: nodeRunId,
      run_id: this.runId,
      tenant_id: this.head.tenant_id ?? '',
      run_after: runAfter,
    });
  }

  dequeue(nodeRunId: string): void {
    remove(this.changes.ready, nodeRunId, {
      bucket: this.bucket,
      node_run_id: nodeRunId,
      run_id: this.runId,
      tenant_id: '',
      run_after: this.now,
    });
  }

  hold(lease: Omit<LeaseEntity, 'bucket' | 'run_id'>): void {
    add(this.changes.leases, lease.node_run_id, { ...lease, bucket: this.bucket, run_id: this.runId });
  }

  letGo(nodeRunId: string): void {
    remove(this.changes.leases, nodeRunId, {
      bucket: this.bucket,
      node_run_id: nodeRunId,
      run_id: this.runId,
      owner: '',
      epoch: 0,
      repeatable: false,
    });
  }

  setTimer(timer: Pick<TimerEntity, 'kind' | 'node_run_id' | 'due_at'>): void {
    add(this.changes.timers, `${timer.kind} ${timer.node_run_id}`, {
      ...timer,
      bucket: this.bucket,
      run_id: this.runId,
      attempts: 0,
    });
  }

  /** Also when this draft has set it: what it set may have replaced a stored one. */
  dropTimer(kind: TimerEntity['kind'], nodeRunId: string): void {
    const key = `${kind} ${nodeRunId}`;
    this.changes.timers.added.delete(key);
    this.changes.timers.removed.set(key, {
      bucket: this.bucket,
      run_id: this.runId,
      node_run_id: nodeRunId,
      kind,
      due_at: this.now,
      attempts: 0,
    });
  }
}

function add<Row>(changes: Changes<Row>, key: string, row: Row): void {
  changes.added.set(key, row);
}

/** What this draft added itself was never stored. */
function remove<Row>(changes: Changes<Row>, key: string, row: Row): void {
  if (!changes.added.delete(key)) changes.removed.set(key, row);
}

export function runNotFound(runId: string): AppError {
  return new AppError('run_not_found', { message: `There is no run ${runId}.`, details: { run_id: runId } });
}
