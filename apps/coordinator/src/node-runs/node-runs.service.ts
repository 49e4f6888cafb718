import { Injectable } from '@nestjs/common';
import { AppError } from '#contract';
import type {
  EventStreamOptions,
  NodeKind,
  NodeRunCompleteRequest,
  NodeRunEvaluationReportRequest,
  NodeRunsCreateRequest,
  RequestContext,
  RunEvent,
} from '#contract';
import { Database } from '#database';
import type { Transaction } from '#database';
import { NodeKindsService } from '../node-kinds/node-kinds.service.js';
import { ReadyQueueService } from '../ready/ready-queue.service.js';
import { RunLogService } from '../run-log/run-log.service.js';
import type { NewRunEvent } from '../run-log/run-log.service.js';
import { bucketOfNodeRun, bucketOfRun, keyedNodeRunId, newNodeRunId } from '../sharding/bucket.js';
import { fingerprint } from '../sharding/fingerprint.js';
import { NodeRunEndingService, outcomeHash, resultOf } from './node-run-ending.service.js';
import type { Outcome } from './node-run-ending.service.js';
import type { NodeRunReportEntity } from './node-run-documents.entity.js';
import { isNodeRunTerminal } from './node-run-state.js';
import { NodeRunsRepository } from './node-runs.repository.js';
import type { NewNodeRun, StoredNodeRun } from './node-runs.repository.js';

/** A node run with its reports, oldest first. */
export interface ReportedNodeRun {
  readonly nodeRun: StoredNodeRun;
  readonly reports: readonly NodeRunReportEntity[];
}

type CreateSpec = NodeRunsCreateRequest['node_runs'][number];

/** What a caller and an executor do with node runs: create, read, evaluate, complete. */
@Injectable()
export class NodeRunsService {
  constructor(
    private readonly database: Database,
    private readonly repository: NodeRunsRepository,
    private readonly ending: NodeRunEndingService,
    private readonly runLog: RunLogService,
    private readonly ready: ReadyQueueService,
    private readonly kinds: NodeKindsService,
  ) {}

  /**
   * Creates children of a composite node run, queued and ready, in one transaction. A child with an idempotency key is created
   * once: asking again with the same specification returns it.
   *
   * @throws AppError run_not_found, parent_node_run_not_found, parent_node_run_mismatch, parent_node_run_invalid, idempotency_conflict
   */
  async create(ctx: RequestContext, request: NodeRunsCreateRequest): Promise<ReportedNodeRun[]> {
    const kinds = await Promise.all(request.node_runs.map((spec) => this.kindOf(ctx, spec)));
    const ids = request.node_runs.map((spec) => childId(request, spec));
    await this.database.transaction(async (tx) => {
      const head = await this.runLog.lock(tx, request.run_id);
      const parent = await this.parentOf(tx, request);
      const planned = plan(request.node_runs, ids, parent, kinds);
      const existing = await this.repository.findMany(tx, parent.bucket, [...planned.keys()]);
      for (const known of existing) {
        if (known.spec_hash !== planned.get(known.node_run_id)?.documents.spec_hash) {
          throw idempotencyConflict(known.spec.idempotency_key);
        }
      }
      const known = new Set(existing.map(({ node_run_id }) => node_run_id));
      const fresh = [...planned.values()].filter(({ row }) => !known.has(row.node_run_id));
      if (fresh.length > 0) {
        await this.repository.insert(tx, parent.bucket, fresh);
        await this.ready.enqueue(
          tx,
          parent.bucket,
          fresh.map(({ row }) => row.node_run_id),
        );
        await this.runLog.append(tx, head, creationEvents(parent.node_run_id, fresh));
      }
    });
    return Promise.all(ids.map((id) => this.get(id)));
  }

  /**
   * Creates the root of a run inside the transaction that creates the run.
   *
   * @param refusal when policy refused the run: the root is stored as it is, with this outcome, and not dispatched
   */
  async createRoot(tx: Transaction, root: NewNodeRun, refusal?: Outcome): Promise<void> {
    await this.repository.insert(tx, root.row.bucket, [root]);
    if (refusal === undefined) await this.ready.enqueue(tx, root.row.bucket, [root.row.node_run_id]);
    else await this.repository.insertResult(tx, resultOf(root.row, refusal));
  }

  /** @throws AppError node_run_not_found */
  async get(nodeRunId: string): Promise<ReportedNodeRun> {
    const nodeRun = await this.find(nodeRunId);
    return { nodeRun, reports: await this.repository.findReports(this.database, nodeRun.bucket, nodeRunId) };
  }

  /**
   * Records an evaluation, and the recovery action that was decided with it. Reports are appended, never overwritten.
   *
   * @throws AppError node_run_not_found, node_run_already_terminal
   */
  async evaluate(_ctx: RequestContext, nodeRunId: string, report: NodeRunEvaluationReportRequest): Promise<void> {
    const { run_id, bucket } = await this.find(nodeRunId);
    await this.database.transaction(async (tx) => {
      const head = await this.runLog.lock(tx, run_id);
      const nodeRun = await this.repository.find(tx, bucket, nodeRunId);
      if (nodeRun === undefined || isNodeRunTerminal(nodeRun.state)) throw alreadyTerminal(nodeRunId, nodeRun?.state);
      const { evaluation_result, recovery_action } = report;
      await this.repository.insertReport(tx, {
        bucket,
        node_run_id: nodeRunId,
        seq: head.last_seq + 1,
        evaluation_result,
        recovery_action: recovery_action ?? null,
      });
      await this.runLog.append(tx, head, [
        { type: 'node_evaluated', nodeRunId, data: evaluation_result },
        ...(recovery_action === undefined
          ? []
          : [{ type: 'recovery_applied', nodeRunId, data: recovery_action } as const]),
      ]);
    });
  }

  /**
   * Ends a node run as its executor reports. The same completion again is accepted without effect.
   *
   * @throws AppError node_run_not_found, node_run_already_terminal
   */
  async complete(_ctx: RequestContext, nodeRunId: string, request: NodeRunCompleteRequest): Promise<void> {
    const { run_id, bucket } = await this.find(nodeRunId);
    const outcome: Outcome = {
      state: request.state,
      ...(request.outputs === undefined ? {} : { outputs: request.outputs }),
      ...(request.output_artifacts === undefined ? {} : { output_artifacts: request.output_artifacts }),
      ...(request.error === undefined ? {} : { error: request.error }),
    };
    await this.database.transaction(async (tx) => {
      const head = await this.runLog.lock(tx, run_id);
      const nodeRun = await this.repository.find(tx, bucket, nodeRunId);
      if (nodeRun === undefined) throw nodeRunNotFound(nodeRunId);
      if (await this.ending.end(tx, head, nodeRun, outcome)) return;
      const isRepetition = nodeRun.state === outcome.state && nodeRun.result_hash === outcomeHash(outcome);
      if (!isRepetition) throw alreadyTerminal(nodeRunId, nodeRun.state);
    });
  }

  /**
   * The events of a node run and of those below it, with the `seq` they have in their run.
   *
   * @throws AppError node_run_not_found
   */
  async streamEvents(
    ctx: RequestContext,
    nodeRunId: string,
    options: EventStreamOptions,
  ): Promise<AsyncIterable<RunEvent>> {
    const nodeRun = await this.find(nodeRunId);
    const run = await this.runLog.get(nodeRun.run_id);
    const { limit, ...rest } = options;
    return this.eventsWithin(nodeRun, this.runLog.stream(run, rest, ctx.signal), limit ?? Number.POSITIVE_INFINITY);
  }

  private async *eventsWithin(
    nodeRun: StoredNodeRun,
    events: AsyncIterable<RunEvent>,
    limit: number,
  ): AsyncGenerator<RunEvent> {
    const within = new Map<string, boolean>([[nodeRun.node_run_id, true]]);
    let left = limit;
    for await (const event of events) {
      const id = event.node_run_id;
      if (id === undefined) continue;
      if (!within.has(id)) {
        within.set(id, await this.repository.isWithin(this.database, nodeRun.bucket, id, nodeRun.node_run_id));
      }
      if (within.get(id) !== true) continue;
      yield event;
      left -= 1;
      if (left <= 0) return;
    }
  }

  private async find(nodeRunId: string): Promise<StoredNodeRun> {
    const bucket = bucketOfNodeRun(nodeRunId);
    const row = bucket === undefined ? undefined : await this.repository.find(this.database, bucket, nodeRunId);
    if (row === undefined) throw nodeRunNotFound(nodeRunId);
    return row;
  }

  private async parentOf(tx: Transaction, request: NodeRunsCreateRequest): Promise<StoredNodeRun> {
    const bucket = bucketOfNodeRun(request.parent_node_run_id);
    const parent =
      bucket === undefined ? undefined : await this.repository.find(tx, bucket, request.parent_node_run_id);
    const details = { parent_node_run_id: request.parent_node_run_id };
    if (parent === undefined) throw new AppError('parent_node_run_not_found', { details });
    if (parent.run_id !== request.run_id) throw new AppError('parent_node_run_mismatch', { details });
    if (parent.kind !== 'composite' || isNodeRunTerminal(parent.state)) {
      throw new AppError('parent_node_run_invalid', {
        details: { ...details, kind: parent.kind ?? 'unknown', state: parent.state },
      });
    }
    return parent;
  }

  /** A kind that nothing can tell now is resolved again at dispatch. */
  private async kindOf(ctx: RequestContext, spec: CreateSpec): Promise<NodeKind | undefined> {
    return this.kinds.kindOf(ctx, spec.node_type_ref).catch(() => undefined);
  }
}

/** The rows to create by id; two specifications with the same key and the same content are one. */
function plan(
  specs: readonly CreateSpec[],
  ids: readonly string[],
  parent: StoredNodeRun,
  kinds: readonly (NodeKind | undefined)[],
): Map<string, NewNodeRun> {
  const planned = new Map<string, NewNodeRun>();
  const createdAt = new Date();
  specs.forEach((spec, index) => {
    const id = ids[index] ?? '';
    const nodeRun = newChild(id, spec, parent, kinds[index], createdAt);
    const twin = planned.get(id);
    if (twin !== undefined && twin.documents.spec_hash !== nodeRun.documents.spec_hash) {
      throw idempotencyConflict(spec.idempotency_key);
    }
    if (twin === undefined) planned.set(id, nodeRun);
  });
  return planned;
}

function newChild(
  id: string,
  spec: CreateSpec,
  parent: StoredNodeRun,
  kind: NodeKind | undefined,
  createdAt: Date,
): NewNodeRun {
  const { node_type_ref, inputs, ...rest } = spec;
  return {
    row: {
      bucket: parent.bucket,
      node_run_id: id,
      run_id: parent.run_id,
      parent_node_run_id: parent.node_run_id,
      node_type_id: node_type_ref.node_type_id,
      node_type_version: node_type_ref.version,
      kind: kind ?? null,
      state: 'queued',
      depth: parent.depth + 1,
      epoch: 0,
      owner: null,
      created_at: createdAt,
      started_at: null,
      ended_at: null,
    },
    documents: { inputs, spec: rest, spec_hash: fingerprint(spec) },
  };
}

/** A key gives always the same id under the same parent. */
function childId(request: NodeRunsCreateRequest, spec: CreateSpec): string {
  const bucket = bucketOfRun(request.run_id);
  if (spec.idempotency_key === undefined) return newNodeRunId(bucket);
  return keyedNodeRunId(bucket, request.run_id, request.parent_node_run_id, spec.idempotency_key);
}

function creationEvents(parentId: string, created: readonly NewNodeRun[]): NewRunEvent[] {
  return [
    { type: 'composite_decomposed', nodeRunId: parentId, data: { node_run_count: created.length } },
    ...created.flatMap(({ row, documents }): NewRunEvent[] => {
      const { candidate_set_id, binding_decision } = documents.spec;
      const candidateSetId = candidate_set_id ?? binding_decision?.candidate_set_id;
      const subtask = binding_decision === undefined ? {} : { subtask_id: binding_decision.subtask_id };
      return [
        ...(candidateSetId === undefined
          ? []
          : [
              {
                type: 'candidate_set_generated',
                nodeRunId: row.node_run_id,
                data: { candidate_set_id: candidateSetId, ...subtask },
              } as const,
            ]),
        ...(binding_decision === undefined
          ? []
          : [{ type: 'subtask_mapped', nodeRunId: row.node_run_id, data: binding_decision } as const]),
        { type: 'node_run_assigned', nodeRunId: row.node_run_id, data: { parent_node_run_id: parentId } },
      ];
    }),
  ];
}

function nodeRunNotFound(nodeRunId: string): AppError {
  return new AppError('node_run_not_found', {
    message: `There is no node run ${nodeRunId}.`,
    details: { node_run_id: nodeRunId },
  });
}

function alreadyTerminal(nodeRunId: string, state: string | undefined): AppError {
  return new AppError('node_run_already_terminal', {
    message: `The node run ${nodeRunId} has ended (${state ?? 'gone'}); a terminal state never changes.`,
    details: { node_run_id: nodeRunId, ...(state === undefined ? {} : { state }) },
  });
}

function idempotencyConflict(key: string | undefined): AppError {
  return new AppError('idempotency_conflict', { details: { idempotency_key: key ?? '' } });
}
