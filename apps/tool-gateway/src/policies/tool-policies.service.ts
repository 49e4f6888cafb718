import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { ownerBorder } from '#auth';
import { AppError } from '#contract';
import type { RequestContext } from '#contract';
import { Database } from '#database';
import { invalidRequest } from '#http';
import { AgentsService } from '../agents/agents.service.js';
import { evaluatePolicy } from './evaluate-policy.js';
import type { MergedSpec } from './merged-spec.js';
import { mergeSpecs } from './merge-specs.js';
import type { PolicyListOptions } from './policy-queries.js';
import { problemsOfChange, problemsOfRequest } from './policy-request-problems.js';
import { presentToolPolicy, specOf } from './present-tool-policy.js';
import { specHashOf } from './spec-hash.js';
import type { ToolCall, ToolDecision } from './tool-decision.js';
import { ToolPoliciesRepository } from './tool-policies.repository.js';
import type { PolicyHolder } from './tool-policies.repository.js';
import type { MergedToolPolicy, ToolPolicy, ToolPolicyChange, ToolPolicyRequest } from './tool-policy.js';

/** More are not shown at once. */
const MOST_LISTED = 1_000;

/** What an agent without a policy may do. */
const NOTHING: MergedSpec = {
  scopes: [],
  intents: [],
  guards: { blockedDomains: [], piiFilters: [], timeWindows: [] },
  quotas: [],
  schedules: [],
  responseFilters: { redactFields: [], truncateFields: [], blockPatterns: [] },
};

/** Policies of agents and roles: keeps them, and decides by them. */
@Injectable()
export class ToolPoliciesService {
  constructor(
    private readonly database: Database,
    private readonly repository: ToolPoliciesRepository,
    private readonly agents: AgentsService,
  ) {}

  /**
   * Makes a policy. What somebody makes who acts across tenants is the installation's: it holds for agents of all owners. That is safe, as
   * policies narrow each other, but for an agent that has no other.
   *
   * @throws AppError invalid_request, agent_not_found
   */
  async create(ctx: RequestContext, request: ToolPolicyRequest): Promise<ToolPolicy> {
    refuse(problemsOfRequest(request));
    const { name, description = null, agentId = null, role = null, spec } = request;
    if (agentId !== null) await this.agents.find(ctx, agentId);
    const now = new Date();
    const policy = {
      policy_id: `policy_${randomUUID()}`,
      owner: ownerBorder(ctx.principal) ?? null,
      agent_id: agentId,
      role,
      name,
      description,
      spec: { ...spec },
      spec_hash: specHashOf(spec),
      active: true,
      created_at: now,
      updated_at: now,
    };
    await this.repository.insert(this.database, policy);
    return presentToolPolicy(policy);
  }

  /** Newest first, at most 1,000. */
  async list({ principal }: RequestContext, options: PolicyListOptions): Promise<ToolPolicy[]> {
    const rows = await this.repository.findAll(this.database, {
      owner: ownerBorder(principal) ?? null,
      agentId: options.agentId ?? null,
      role: options.role ?? null,
      active: options.active ?? null,
      limit: MOST_LISTED,
    });
    return rows.map(presentToolPolicy);
  }

  /** @throws AppError tool_policy_not_found */
  async get({ principal }: RequestContext, policyId: string): Promise<ToolPolicy> {
    const row = await this.repository.find(this.database, policyId, ownerBorder(principal) ?? null);
    if (row === undefined) throw policyNotFound(policyId);
    return presentToolPolicy(row);
  }

  /** @throws AppError invalid_request, tool_policy_not_found */
  async update(ctx: RequestContext, policyId: string, change: ToolPolicyChange): Promise<ToolPolicy> {
    refuse(problemsOfChange(change));
    await this.get(ctx, policyId);
    const { name = null, description = null, spec = null, active = null } = change;
    const specHash = spec === null ? null : specHashOf(spec);
    const row = await this.repository.update(this.database, {
      ...{ policyId, name, description, spec, specHash, active },
      at: new Date(),
    });
    if (row === undefined) throw policyNotFound(policyId);
    return presentToolPolicy(row);
  }

  /** @throws AppError tool_policy_not_found */
  async delete({ principal }: RequestContext, policyId: string): Promise<void> {
    const deleted = await this.repository.delete(this.database, policyId, ownerBorder(principal) ?? null);
    if (!deleted) throw policyNotFound(policyId);
  }

  /** @throws AppError agent_not_found */
  async merged(ctx: RequestContext, agentId: string): Promise<MergedToolPolicy> {
    const { role, owner } = await this.agents.find(ctx, agentId);
    const { spec, policyIds } = await this.findHolding({ agentId, role, owner });
    return { agentId, agentRole: role, mergedSpec: spec ?? NOTHING, sourcePolicies: policyIds };
  }

  /** Decides about a call. The decision is still to be logged, and quotas of an allowed call to be charged. */
  async decide(call: ToolCall): Promise<ToolDecision> {
    const { spec, policyIds } = await this.findHolding(call);
    return { ...evaluatePolicy(spec, call), policyIds };
  }

  private async findHolding(holder: PolicyHolder): Promise<{ spec: MergedSpec | undefined; policyIds: string[] }> {
    const rows = await this.repository.findHolding(this.database, holder);
    return { spec: mergeSpecs(rows.map(specOf)), policyIds: rows.map(({ policy_id }) => policy_id) };
  }
}

function refuse(issues: Parameters<typeof invalidRequest>[0]): void {
  if (issues.length > 0) throw invalidRequest(issues);
}

function policyNotFound(policyId: string): AppError {
  return new AppError('tool_policy_not_found', {
    message: `There is no policy ${policyId}.`,
    details: { policy_id: policyId },
  });
}
