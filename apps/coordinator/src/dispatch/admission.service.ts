import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#contract';
import type { NodeKind, NodeRunErrorCode, PolicyDecision, RequestContext } from '#contract';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { PolicyCheckpoint } from '#policy';
import type { DispatchTicket } from '../due-work/dispatch-ticket.js';
import { approvalIdOf } from '../lifecycle/approval-id.js';
import { APPROVAL_OPTIONS } from '../lifecycle/approval-options.js';
import type { ApprovalOptions } from '../lifecycle/approval-options.js';
import type { ApprovalRequest } from '../lifecycle/approvals.js';
import { candidateRefusal, isWithinCeiling } from '../lifecycle/constraints.js';
import { failure } from '../lifecycle/end-node-run.js';
import type { Outcome } from '../lifecycle/end-node-run.js';
import { factsByPrefix } from '../node-types/node-type-facts.js';
import type { NodeTypeFacts } from '../node-types/node-type-facts.js';
import { NodeTypesService } from '../node-types/node-types.service.js';
import { ExecutorCallsService } from './executor-calls.service.js';

/** What is to become of a queued node run. */
export type Admission =
  /** It cannot be said now. */
  | { readonly kind: 'later' }
  | { readonly kind: 'refused'; readonly outcome: Outcome; readonly decision?: PolicyDecision }
  /** A person has to approve it. */
  | { readonly kind: 'parked'; readonly request: ApprovalRequest }
  | {
      readonly kind: 'admitted';
      readonly nodeKind: NodeKind;
      readonly facts: NodeTypeFacts;
      readonly decision: PolicyDecision;
      /** Whether it may be executed again when nobody knows whether it was. */
      readonly repeatable: boolean;
      /** The executor did not say what the node type is: nothing is sent to it now, and the attempt counts as one that was not sent. */
      readonly isExecutorAway: boolean;
    };

const GATE: PolicyDecision = {
  decision: 'require_approval',
  reason_code: 'approval_required',
  message: 'gates.require_approval holds this node run until somebody approves it.',
};

interface Described {
  readonly facts: NodeTypeFacts;
  readonly isExecutorAway: boolean;
}

/** Decides whether a queued node run may and can run: node type, constraints, executors, policy. */
@Injectable()
export class AdmissionService {
  constructor(
    private readonly nodeTypes: NodeTypesService,
    private readonly policy: PolicyCheckpoint,
    private readonly calls: ExecutorCallsService,
    @Inject(APPROVAL_OPTIONS) private readonly approvals: ApprovalOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async admit(ctx: RequestContext, ticket: DispatchTicket): Promise<Admission> {
    const described = await this.describe(ctx, ticket);
    if (described === undefined) return { kind: 'later' };
    const { facts, isExecutorAway } = described;
    const nodeKind = facts.kind ?? ticket.kind ?? undefined;
    const obstacle = obstacleFor(ticket, described) ?? this.calls.obstacleFor(nodeKind);
    if (nodeKind === undefined || obstacle !== undefined) {
      return { kind: 'refused', outcome: failure(obstacle ?? 'unknown_node_kind') };
    }
    const decision = gateOf(ticket) ?? (await this.decide(ctx, ticket, { ...facts, kind: nodeKind }));
    // What policy has against a node type that nobody can describe now, it may not have when it knows more.
    if (isExecutorAway && decision.decision !== 'allow' && decision !== GATE) return { kind: 'later' };
    if (decision.decision === 'require_approval') {
      const { inputs, run_context: runContext } = ticket;
      const { defaultExpiryMs } = this.approvals;
      return { kind: 'parked', request: { action: 'node.run.execute', decision, inputs, runContext, defaultExpiryMs } };
    }
    if (decision.decision === 'deny') {
      return { kind: 'refused', outcome: failure('policy_denied', decision.message), decision };
    }
    return { kind: 'admitted', nodeKind, facts, decision, repeatable: isRepeatable(nodeKind, facts), isExecutorAway };
  }

  /**
   * A registry that does not answer holds the node run up and fails nothing: the look finds it again. An executor that does not
   * answer is taken for the one that would run it, since nothing else calls the node type composite.
   */
  private async describe(ctx: RequestContext, ticket: DispatchTicket): Promise<Described | undefined> {
    const ref = { node_type_id: ticket.node_type_id, version: ticket.node_type_version };
    try {
      return { facts: await this.nodeTypes.describe(ctx, ref), isExecutorAway: false };
    } catch (error) {
      if (error instanceof AppError && error.code === 'atomic_executor_unavailable') {
        const facts = factsByPrefix(ref.node_type_id);
        const kind = ticket.kind ?? facts.kind ?? 'atomic';
        return { facts: { ...facts, kind }, isExecutorAway: kind === 'atomic' };
      }
      this.logger.warn({ err: error }, 'the node type could not be described; dispatch is tried again');
      return undefined;
    }
  }

  private async decide(ctx: RequestContext, ticket: DispatchTicket, facts: NodeTypeFacts): Promise<PolicyDecision> {
    const { constraints, run_context } = ticket;
    const { kind, policy } = facts;
    const decision = await this.policy.decide(
      ctx,
      {
        action: 'node.run.execute',
        run_id: ticket.run_id,
        node_run_id: ticket.node_run_id,
        node_type_ref: { node_type_id: ticket.node_type_id, version: ticket.node_type_version },
        ...(run_context === null ? {} : { run_context }),
        ...(constraints === null ? {} : { constraints }),
      },
      { isIdentityVerified: ticket.owner !== null, nodeType: { ...policy, ...(kind === undefined ? {} : { kind }) } },
    );
    // Policy is asked again after an approval, since it may have come to deny what it would have had approved.
    return ticket.approval === 'approved' && decision.decision !== 'deny'
      ? approvedDecision(decision, ticket.node_run_id)
      : decision;
  }
}

/** What the constraints demand of a person comes before policy, whatever is known of the node type. */
function gateOf({ constraints, approval }: DispatchTicket): PolicyDecision | undefined {
  return constraints?.gates?.require_approval === true && approval !== 'approved' ? GATE : undefined;
}

function approvedDecision({ extensions }: PolicyDecision, nodeRunId: string): PolicyDecision {
  return {
    decision: 'allow',
    reason_code: 'approved',
    approval_ref: { approval_id: approvalIdOf('node.run.execute', nodeRunId) },
    ...(extensions === undefined ? {} : { extensions }),
  };
}

/** What forbids a node run whatever its executor is. The allow list speaks of candidates for subtasks, and the root is none. */
function obstacleFor(ticket: DispatchTicket, { facts, isExecutorAway }: Described): NodeRunErrorCode | undefined {
  for (const constraints of [ticket.constraints, facts.constraints]) {
    const refusal = candidateRefusal(constraints, ticket.node_type_id);
    if (refusal === 'node_type_denied' || (refusal !== undefined && ticket.parent_node_run_id !== null)) return refusal;
  }
  // What its side effect is, is asked again before anything is sent.
  if ((facts.kind ?? ticket.kind) !== 'atomic' || isExecutorAway) return undefined;
  return isWithinCeiling(ticket.constraints, facts.sideEffect) ? undefined : 'side_effect_not_allowed';
}

/** What cannot be undone is never repeated by itself, whatever its node type says of retries. Beginning a composite is idempotent. */
function isRepeatable(kind: NodeKind, { sideEffect, idempotent, retry }: NodeTypeFacts): boolean {
  if (kind === 'composite') return true;
  return sideEffect !== 'irreversible' && (idempotent || retry !== undefined);
}
