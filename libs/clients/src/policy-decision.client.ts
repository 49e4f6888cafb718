import type { TokenSource } from '#auth';
import { PolicyDecision, PolicyDecisionApi } from '#contract';
import type { PolicyDecisionRequest, RequestContext } from '#contract';
import { Peer } from './peer.js';

/** A policy decision point over HTTP (pdp.openapi.yaml). Whatever it answers but a decision is pdp_unavailable. */
export class PolicyDecisionClient extends PolicyDecisionApi {
  private readonly peer: Peer;

  constructor(options: { readonly baseUrl: string; readonly tokens?: TokenSource; readonly timeoutMs: number }) {
    super();
    this.peer = new Peer({ ...options, unavailable: 'pdp_unavailable', passOn: [] });
  }

  decidePolicy(ctx: RequestContext, request: PolicyDecisionRequest): Promise<PolicyDecision> {
    return this.peer.json(ctx, { method: 'POST', path: '/v1/policy:decide', body: request }, PolicyDecision);
  }

  ping(ctx: RequestContext): Promise<void> {
    return this.peer.ping(ctx);
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
}
