import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#contract';
import type { PolicyDecision, RequestContext, RunContext, RunStartRequest, StartRunOptions } from '#contract';
import { PolicyCheckpoint } from '#policy';
import { APPROVAL_OPTIONS } from '../lifecycle/approval-options.js';
import type { ApprovalOptions } from '../lifecycle/approval-options.js';
import { cancelRun } from '../lifecycle/cancel-run.js';
import { refuseForeign } from '../lifecycle/foreign-run.js';
import { mergeConstraints } from '../lifecycle/constraints.js';
import { isRunTerminal } from '../lifecycle/run-state.js';
import { startRun } from '../lifecycle/start-run.js';
import { NodeTypesService } from '../node-types/node-types.service.js';
import type { StoredRun } from '../run-store/run-reads.repository.js';
import { RunReadsService } from '../run-store/run-reads.service.js';
import { RunStoreService } from '../run-store/run-store.service.js';
import { StartIdentityService } from './start-identity.service.js';

/** What a caller does with runs: start, read, cancel. */
@Injectable()
export class RunsService {
  constructor(
    private readonly store: RunStoreService,
    private readonly reads: RunReadsService,
    private readonly nodeTypes: NodeTypesService,
    private readonly policy: PolicyCheckpoint,
    private readonly identity: StartIdentityService,
    @Inject(APPROVAL_OPTIONS) private readonly approvals: ApprovalOptions,
  ) {}

  /**
   * Starts a run: run, root node run, events and dispatch entry in one transaction. A run that policy refuses is stored too, as
   * failed, so that the refusal is on record. Its context says of the caller what his token says. The same `run_id`, or the same
   * idempotency key, with the same request again returns the run.
   *
   * @throws AppError invalid_request, run_already_exists, idempotency_conflict, constraint_violation, payload_too_large, node_registry_unavailable
   */
  async startRun(ctx: RequestContext, given: RunStartRequest, options: StartRunOptions = {}): Promise<StoredRun> {
    const { request, runId, conflict } = await this.identity.identify(ctx, given, options.idempotencyKey);
    const runContext = stampTrace(ctx, request.run_context);
    const facts = await this.nodeTypes.describeNew(ctx, request.root_node_type_ref);
    const constraints = mergeConstraints(request.constraints, facts.constraints);
    const decision = await this.policy.decide(
      ctx,
      {
        action: 'run.start',
        run_id: runId,
        node_type_ref: request.root_node_type_ref,
        run_context: runContext,
        ...(constraints === undefined ? {} : { constraints }),
      },
      { isIdentityVerified: ctx.principal.owner !== undefined, nodeType: facts.policy },
    );
    const run = await this.store.execute({
      runId,
      isNew: request.run_id === undefined && options.idempotencyKey === undefined,
      nodeRunIds: [],
      documents: true,
      decide: (draft) => {
        startRun(draft, {
          principal: ctx.principal,
          request,
          runContext,
          approvalExpiryMs: this.approvals.defaultExpiryMs,
          decision,
          kind: facts.kind,
          constraints,
          conflict,
        });
        return draft.changes.newRun === undefined ? undefined : { ...draft.head, ...draft.changes.newRun };
      },
    });
    return run ?? this.reads.run(ctx.principal, runId);
  }

  /** @throws AppError run_not_found */
  async getRun(ctx: RequestContext, runId: string): Promise<StoredRun> {
    return this.reads.run(ctx.principal, runId);
  }

  /**
   * Cancels the run and every open node run in one transaction; executors are told after the commit. Policy is asked when there is
   * something to cancel.
   *
   * @throws AppError run_not_found, forbidden
   */
  async cancelRun(ctx: RequestContext, runId: string): Promise<StoredRun> {
    const { principal } = ctx;
    const run = await this.reads.run(principal, runId);
    if (isRunTerminal(run.state)) return run;
    const decision = await this.policy.decide(ctx, { action: 'run.cancel', run_id: runId });
    if (decision.decision !== 'allow') throw cancelRefused(decision);
    await this.store.execute({
      runId,
      nodeRunIds: [],
      open: true,
      documents: true,
      decide: (draft) => {
        refuseForeign(draft, principal);
        // Where everything is allowed nobody has decided on a cancel, and the events are those of the standard's reference.
        cancelRun(draft, decision.reason_code === 'policy_bypass' ? undefined : decision);
      },
    });
    return this.reads.run(principal, runId);
  }
}

/** A cancel waits for nobody: what would need an approval is refused. */
function cancelRefused({ decision, reason_code, message }: PolicyDecision): AppError {
  const reason = reason_code ?? (decision === 'deny' ? 'policy_denied' : 'approval_required');
  return new AppError('forbidden', {
    message: message ?? 'Policy does not allow this caller to cancel the run.',
    details: { reason_code: reason },
  });
}

/** The run context as it is kept: with this request's trace where the caller named none, so that what follows can be traced. */
function stampTrace(ctx: RequestContext, given: RunContext | undefined): RunContext {
  return {
    ...given,
    trace: { trace_id: ctx.trace.traceId, span_id: ctx.trace.spanId, request_id: ctx.requestId, ...given?.trace },
  };
}
