import { contextOfCaller } from '#auth';
import type { PolicyDecision, PolicyDecisionRequest, RequestContext } from '#contract';
import type { Logger } from '#http';
import type { PolicyFacts } from './policy-facts.js';

/** Who decides: the policy of this process, or a policy decision point elsewhere. May reject: the checkpoint then denies. */
export interface PolicyDecider {
  decide(ctx: RequestContext, request: PolicyDecisionRequest, facts: PolicyFacts): Promise<PolicyDecision>;
}

/** Acts of the caller on what is there already: it matters who he is, and not who started the run. */
const ACTS_OF_THE_CALLER = ['run.cancel', 'approval.decide', 'node_type.publish'];

/**
 * Where a service asks before it acts. It never throws: a decision that cannot be had is a denial. In a dry run what is denied, or would have to be
 * approved, is a warning in the log, and allowed.
 */
export class PolicyCheckpoint {
  constructor(
    private readonly decider: PolicyDecider,
    private readonly isDryRun: boolean,
    private readonly logger: Logger,
  ) {}

  /**
   * @param request `action` is the checkpoint, such as `run.start`. Its run context is the one that the service keeps; for an act of the caller
   *   it is made of his token instead. Constraints are those that hold.
   */
  async decide(ctx: RequestContext, request: PolicyDecisionRequest, facts: PolicyFacts = {}): Promise<PolicyDecision> {
    if (!ACTS_OF_THE_CALLER.includes(request.action)) return this.decideFor(ctx, request, facts);
    return this.decideFor(
      ctx,
      { ...request, run_context: contextOfCaller(ctx.principal) },
      { ...facts, isIdentityVerified: ctx.principal.owner !== undefined },
    );
  }

  /** As `decide`, where another service acts and asks: who its caller is, its request says. */
  async decideFor(ctx: RequestContext, request: PolicyDecisionRequest, facts: PolicyFacts): Promise<PolicyDecision> {
    const decision = await this.ask(ctx, request, facts);
    return this.isDryRun && decision.decision !== 'allow' ? this.allowAnyway(request, decision) : decision;
  }

  private async ask(ctx: RequestContext, request: PolicyDecisionRequest, facts: PolicyFacts): Promise<PolicyDecision> {
    try {
      return await this.decider.decide(ctx, request, facts);
    } catch (error) {
      this.logger.error({ err: error, action: request.action }, 'policy could not be asked');
      return {
        decision: 'deny',
        reason_code: 'evaluation_error',
        message: `Policy could not be asked, so ${request.action} is denied.`,
      };
    }
  }

  private allowAnyway(request: PolicyDecisionRequest, would: PolicyDecision): PolicyDecision {
    const { action, run_id, node_run_id, node_type_ref } = request;
    const { decision, reason_code, message, extensions } = would;
    this.logger.warn(
      { action, run_id, node_run_id, node_type_id: node_type_ref?.node_type_id, decision, reason_code, ...extensions },
      `dry run: the policy would not have allowed this. ${message ?? ''}`,
    );
    return {
      decision: 'allow',
      reason_code: 'dry_run',
      message: `JARVIS_POLICY_DRY_RUN: without it the decision were ${decision} (${reason_code ?? 'no reason'}).`,
      ...(extensions === undefined ? {} : { extensions: withoutApproval(extensions) }),
    };
  }
}

function withoutApproval({ 'jarvis.approval': _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}
