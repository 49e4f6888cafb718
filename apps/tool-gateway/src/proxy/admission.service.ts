import { Injectable } from '@nestjs/common';
import { AppError } from '#contract';
import { PolicyLogService } from '../policies/policy-log.service.js';
import { ToolPoliciesService } from '../policies/tool-policies.service.js';
import { ToolQuotasService } from '../policies/tool-quotas.service.js';
import type { Allowance } from '../policies/tool-decision.js';
import type { AgentGrant } from '../tokens/agent-grant.js';
import { namedHosts } from '../tools/named-hosts.js';
import { permissionFor } from '../tools/tool-action.js';
import type { ToolAction } from '../tools/tool-action.js';
import { ToolParamsService } from '../tools/tool-params.service.js';
import type { ToolRequest } from './proxy-request.js';
import { RateLimitService } from './rate-limit.service.js';

/** Whether a call may be made. */
@Injectable()
export class AdmissionService {
  constructor(
    private readonly params: ToolParamsService,
    private readonly policies: ToolPoliciesService,
    private readonly policyLog: PolicyLogService,
    private readonly rateLimit: RateLimitService,
    private readonly quotas: ToolQuotasService,
  ) {}

  /**
   * Whether the token covers the action.
   *
   * @throws AppError tool_not_permitted; tool_policy_denied when the token is for another intent than the call
   */
  checkToken(grant: AgentGrant, action: ToolAction, { intent }: Pick<ToolRequest, 'intent'>): void {
    if (!grant.tools.includes(action.tool)) {
      const message = `The agent token is not for the tool ${action.tool}.`;
      throw new AppError('tool_not_permitted', { message, details: { tool: action.tool } });
    }
    const permission = permissionFor(action);
    if (!grant.permissions.includes(permission)) {
      const message = `The agent token lacks the permission ${permission}, which this action needs.`;
      throw new AppError('tool_not_permitted', { message, details: { permission } });
    }
    if (intent !== undefined && grant.intent !== undefined && intent !== grant.intent) {
      const message = 'The agent token was issued for another intent than that of the call.';
      throw new AppError('tool_policy_denied', { message, details: { reason: 'intent_mismatch' } });
    }
  }

  /**
   * Parameters, policies, rate limit, and last the quotas: a call that is refused before is not charged.
   *
   * @throws AppError tool_params_invalid, tool_policy_denied, tool_rate_limited, tool_quota_exceeded, database_unavailable
   */
  async admit(grant: AgentGrant, action: ToolAction, request: ToolRequest): Promise<Allowance> {
    this.params.check(action, request.params);
    const now = new Date();
    const { agentId, role, owner } = grant;
    const { tool, action: name } = action;
    const intent = request.intent ?? grant.intent;
    const call = {
      ...{ agentId, role, owner, tool, action: name, now },
      params: request.params,
      requestBytes: request.bytes,
      hosts: namedHosts(action.inputSchema, request.params),
      ...(intent === undefined ? {} : { intent }),
    };
    const decision = await this.policies.decide(call);
    const logged = this.policyLog.write(call, decision);
    if (decision.effect === 'deny') {
      await logged;
      const { code, reason, policyIds } = decision;
      throw new AppError('tool_policy_denied', {
        message: reason,
        details: { reason: code, policy_ids: [...policyIds] },
      });
    }
    // Neither waits for the commit of the other.
    await Promise.all([logged, this.rateLimit.consume(agentId, tool)]);
    await this.quotas.charge({ agentId, tool, action: name }, decision.quotas, now);
    return decision;
  }
}
