import { Injectable } from '@nestjs/common';
import { mayReach } from '#auth';
import { AppError } from '#contract';
import type {
  NodeRunCompleteRequest,
  NodeRunEvaluationReportRequest,
  NodeRunsCreateRequest,
  RequestContext,
} from '#contract';
import { refuseForeign } from '../lifecycle/foreign-run.js';
import { readUsage } from '../lifecycle/budgets.js';
import { createNodeRuns } from '../lifecycle/create-node-runs.js';
import type { CreateSpec, NewChild } from '../lifecycle/create-node-runs.js';
import type { Outcome } from '../lifecycle/end-node-run.js';
import { completeNodeRun, evaluateNodeRun, nodeRunNotFound, refuseSuperseded } from '../lifecycle/reports.js';
import { NodeTypesService } from '../node-types/node-types.service.js';
import { RunReadsService } from '../run-store/run-reads.service.js';
import type { ReportedNodeRun } from '../run-store/run-reads.service.js';
import { RunStoreService } from '../run-store/run-store.service.js';
import { bucketOfNodeRun, bucketOfRun, keyedNodeRunId, newNodeRunId } from '../sharding/bucket.js';
import { DocumentLimits } from './document-limits.js';

/** What a caller and an executor do with node runs: create, read, evaluate, complete. */
@Injectable()
export class NodeRunsService {
  constructor(
    private readonly store: RunStoreService,
    private readonly reads: RunReadsService,
    private readonly nodeTypes: NodeTypesService,
    private readonly limits: DocumentLimits,
  ) {}

  /**
   * Creates children of a composite node run, queued and ready, in one transaction. A child with an idempotency key is created
   * once: asking again with the same specification returns it.
   *
   * @param epoch of the caller's assignment token
   * @throws AppError run_not_found, parent_node_run_not_found, parent_node_run_mismatch, parent_node_run_invalid,
   *   idempotency_conflict, constraint_violation, assignment_mismatch, payload_too_large, node_registry_unavailable
   */
  async create(ctx: RequestContext, request: NodeRunsCreateRequest, epoch?: number): Promise<ReportedNodeRun[]> {
    const { run_id, parent_node_run_id } = request;
    request.node_runs.forEach((spec, index) =>
      this.limits.refuseLargeInputs(spec.inputs, `node_runs[${index}].inputs`),
    );
    await this.refuseForeignParent(ctx, request);
    const children = await Promise.all(request.node_runs.map((spec) => this.newChild(ctx, request, spec)));
    const ids = children.map(({ nodeRunId }) => nodeRunId);
    await this.store.execute({
      runId: run_id,
      nodeRunIds: [parent_node_run_id, ...ids],
      documents: true,
      decide: (draft) => {
        refuseForeign(draft, ctx.principal);
        refuseSuperseded(draft, parent_node_run_id, epoch);
        createNodeRuns(draft, parent_node_run_id, children);
      },
    });
    return this.reads.reportedNodeRuns(run_id, ids);
  }

  /** @throws AppError node_run_not_found */
  async get(ctx: RequestContext, nodeRunId: string): Promise<ReportedNodeRun> {
    const { run_id } = await this.reads.nodeRun(ctx.principal, nodeRunId);
    const [found] = await this.reads.reportedNodeRuns(run_id, [nodeRunId]);
    if (found === undefined) throw nodeRunNotFound(nodeRunId);
    return found;
  }

  /**
   * Records an evaluation, and the recovery action that was decided with it. Reports are appended, never overwritten.
   *
   * @param options the same `idempotencyKey` again records nothing; `epoch` is that of the caller's assignment token
   * @throws AppError node_run_not_found, node_run_already_terminal, assignment_mismatch
   */
  async evaluate(
    { principal }: RequestContext,
    nodeRunId: string,
    report: NodeRunEvaluationReportRequest,
    { idempotencyKey, epoch }: { readonly idempotencyKey?: string; readonly epoch?: number } = {},
  ): Promise<void> {
    const { run_id } = await this.reads.nodeRun(principal, nodeRunId);
    await this.store.execute({
      runId: run_id,
      nodeRunIds: [nodeRunId],
      reportKeys: idempotencyKey !== undefined,
      decide: (draft) => {
        refuseSuperseded(draft, nodeRunId, epoch);
        evaluateNodeRun(draft, nodeRunId, report, idempotencyKey);
      },
    });
  }

  /**
   * Ends a node run as its executor reports. The same completion again is accepted without effect.
   *
   * @param epoch of the caller's assignment token
   * @throws AppError node_run_not_found, node_run_already_terminal, approval_required, assignment_mismatch, payload_too_large
   */
  async complete(
    { principal }: RequestContext,
    nodeRunId: string,
    request: NodeRunCompleteRequest,
    epoch?: number,
  ): Promise<void> {
    this.limits.refuseLargeOutputs(request.outputs, 'outputs');
    const { run_id } = await this.reads.nodeRun(principal, nodeRunId);
    const outcome: Outcome = {
      state: request.state,
      ...(request.outputs === undefined ? {} : { outputs: request.outputs }),
      ...(request.output_artifacts === undefined ? {} : { output_artifacts: request.output_artifacts }),
      ...(request.error === undefined ? {} : { error: request.error }),
    };
    const usage = readUsage(request.extensions);
    await this.store.execute({
      runId: run_id,
      nodeRunIds: [nodeRunId],
      open: true,
      documents: true,
      decide: (draft) => {
        refuseSuperseded(draft, nodeRunId, epoch);
        completeNodeRun(draft, nodeRunId, outcome, usage);
      },
    });
  }

  /** The rule looks at one run only; whose the parent is never changes. */
  private async refuseForeignParent(
    { principal }: RequestContext,
    { run_id, parent_node_run_id }: NodeRunsCreateRequest,
  ): Promise<void> {
    if (bucketOfNodeRun(parent_node_run_id) === bucketOfRun(run_id)) {
      const [parent] = await this.reads.reportedNodeRuns(run_id, [parent_node_run_id]);
      if (parent?.nodeRun.run_id === run_id) return;
      await this.reads.run(principal, run_id);
      const isKnown =
        parent !== undefined && mayReach(principal, { owner: parent.nodeRun.owner, runId: parent.nodeRun.run_id });
      if (!isKnown) throw parentNotFound(parent_node_run_id);
    } else {
      await this.reads.run(principal, run_id);
      const isKnown = await this.reads.nodeRun(principal, parent_node_run_id).then(
        () => true,
        (error: unknown) => {
          if (error instanceof AppError && error.code === 'node_run_not_found') return false;
          throw error;
        },
      );
      if (!isKnown) throw parentNotFound(parent_node_run_id);
    }
    throw new AppError('parent_node_run_mismatch', { details: { parent_node_run_id } });
  }

  /** What a registry says of a node type must be known before a child is created: its constraints are never skipped. */
  private async newChild(ctx: RequestContext, request: NodeRunsCreateRequest, spec: CreateSpec): Promise<NewChild> {
    const facts = await this.nodeTypes.describeNew(ctx, spec.node_type_ref);
    return { nodeRunId: childId(request, spec), spec, kind: facts.kind, typeConstraints: facts.constraints };
  }
}

function parentNotFound(parentNodeRunId: string): AppError {
  return new AppError('parent_node_run_not_found', { details: { parent_node_run_id: parentNodeRunId } });
}

/** A key gives always the same id under the same parent. */
function childId(request: NodeRunsCreateRequest, spec: CreateSpec): string {
  const bucket = bucketOfRun(request.run_id);
  if (spec.idempotency_key === undefined) return newNodeRunId(bucket);
  return keyedNodeRunId(bucket, request.run_id, request.parent_node_run_id, spec.idempotency_key);
}
