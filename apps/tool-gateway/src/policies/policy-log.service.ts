import { Injectable } from '@nestjs/common';
import { ownerBorder } from '#auth';
import type { RequestContext } from '#contract';
import { Database, GroupedWrites } from '#database';
import { hostNameOf } from './host-name.js';
import { PolicyDecisionsRepository } from './policy-decisions.repository.js';
import type { NewDecision } from './policy-decisions.repository.js';
import type { DecisionListOptions } from './policy-queries.js';
import { presentDecision } from './present-tool-policy.js';
import type { DecisionFacts } from './present-tool-policy.js';
import type { ToolCall, ToolDecision } from './tool-decision.js';
import type { PolicyLogEntry } from './tool-policy.js';

const MOST_HOSTS = 20;

/** What policies decided, allowed calls too. Parameters are not in it. */
@Injectable()
export class PolicyLogService {
  private readonly writes = new GroupedWrites<NewDecision>((decisions) =>
    this.repository.insert(this.database, decisions),
  );

  constructor(
    private readonly database: Database,
    private readonly repository: PolicyDecisionsRepository,
  ) {}

  async write(call: ToolCall, decision: ToolDecision): Promise<void> {
    const { effect, policyIds } = decision;
    const facts: DecisionFacts = {
      requestBytes: call.requestBytes,
      // What cannot be read as a host may be anything.
      hosts: call.hosts.flatMap((host) => hostNameOf(host) ?? []).slice(0, MOST_HOSTS),
    };
    await this.writes.write({
      at: call.now,
      owner: call.owner,
      agent_id: call.agentId,
      policy_ids: [...policyIds],
      tool: call.tool,
      action: call.action,
      decision: effect,
      code: decision.effect === 'deny' ? decision.code : null,
      reason: decision.effect === 'deny' ? decision.reason : null,
      facts: { ...facts },
    });
  }

  /** Newest first. */
  async list({ principal }: RequestContext, options: DecisionListOptions): Promise<PolicyLogEntry[]> {
    const rows = await this.repository.findAll(this.database, {
      owner: ownerBorder(principal) ?? null,
      policyId: options.policyId ?? null,
      agentId: options.agentId ?? null,
      limit: options.limit,
    });
    return rows.map(presentDecision);
  }
}
