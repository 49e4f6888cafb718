import { Injectable } from '@nestjs/common';
import { kindByPrefix, PolicyDecisionApi } from '#contract';
import type { NodeTypeRef, PolicyDecision, PolicyDecisionRequest, RequestContext } from '#contract';
import { nodeTypePolicyFacts, PolicyCheckpoint } from '#policy';
import type { NodeTypePolicyFacts } from '#policy';
import { NodeTypesService } from '../node-types/node-types.service.js';

/**
 * Decides for services. Of the body it believes what the service that asks keeps of a run: ids, run context, constraints. What a node type is it
 * finds out by itself.
 */
@Injectable()
export class PolicyService extends PolicyDecisionApi {
  constructor(
    private readonly checkpoint: PolicyCheckpoint,
    private readonly nodeTypes: NodeTypesService,
  ) {
    super();
  }

  async decidePolicy(ctx: RequestContext, request: PolicyDecisionRequest): Promise<PolicyDecision> {
    const { node_type_ref } = request;
    const nodeType = node_type_ref === undefined ? undefined : await this.describe(ctx, node_type_ref);
    return this.checkpoint.decideFor(ctx, request, {
      isIdentityVerified: true,
      ...(nodeType === undefined ? {} : { nodeType }),
    });
  }

  async ping(): Promise<void> {}

  private async describe(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeTypePolicyFacts> {
    const found = await this.nodeTypes.find(ctx, ref);
    if (found !== undefined) return nodeTypePolicyFacts(found);
    const kind = kindByPrefix(ref.node_type_id);
    return kind === undefined ? {} : { kind };
  }
}
