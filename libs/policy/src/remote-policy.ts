import { LRUCache } from 'lru-cache';
import { withoutCaller } from '#auth';
import type { PolicyDecision, PolicyDecisionApi, PolicyDecisionRequest, RequestContext } from '#contract';
import type { Logger } from '#http';
import type { PolicyDecider } from './policy-checkpoint.js';
import type { PolicyFacts } from './policy-facts.js';

export interface RemotePolicyOptions {
  /** Longest wait for a decision, in milliseconds, the token for it included. */
  readonly timeoutMs: number;
  /** A clock in milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
}

const CACHED_DECISIONS = 1_000;
const CACHED_FOR_MS = 1_000;
const HASH = 'jarvis.policy_hash';

/**
 * Decides by a policy decision point elsewhere. One that does not answer, or with something else than a decision, denies: `pdp_unavailable`.
 *
 * The same question within a second is answered from memory, as long as the answers come from one policy. What needs an approval is asked
 * each time.
 */
export class RemotePolicy implements PolicyDecider {
  private readonly cache: LRUCache<string, PolicyDecision>;
  private hash: unknown;

  constructor(
    private readonly pdp: PolicyDecisionApi,
    private readonly options: RemotePolicyOptions,
    private readonly logger: Logger,
  ) {
    const { now } = options;
    this.cache = new LRUCache({
      max: CACHED_DECISIONS,
      ttl: CACHED_FOR_MS,
      ttlResolution: 0,
      ...(now === undefined ? {} : { perf: { now } }),
    });
  }

  async decide(ctx: RequestContext, request: PolicyDecisionRequest, facts: PolicyFacts): Promise<PolicyDecision> {
    const asked = questionOf(request, facts);
    const key = keyOf(asked);
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    try {
      // The caller may go away, and what was asked for him is still decided.
      const signal = AbortSignal.timeout(this.options.timeoutMs);
      const decision = await this.pdp.decidePolicy({ ...ctx, signal }, asked);
      this.remember(key, decision);
      return decision;
    } catch (error) {
      this.logger.warn({ err: error, action: request.action }, 'the policy decision point did not decide');
      return {
        decision: 'deny',
        reason_code: 'pdp_unavailable',
        message: `The policy decision point did not decide, so ${request.action} is denied.`,
      };
    }
  }

  private remember(key: string, decision: PolicyDecision): void {
    const hash = decision.extensions?.[HASH];
    if (hash !== this.hash) this.cache.clear();
    this.hash = hash;
    if (typeof hash === 'string' && decision.decision !== 'require_approval') this.cache.set(key, decision);
  }
}

/** What goes over the wire. Whoever is not known by a token is not named. */
function questionOf(request: PolicyDecisionRequest, { isIdentityVerified }: PolicyFacts): PolicyDecisionRequest {
  const { run_context } = request;
  if (run_context === undefined || isIdentityVerified === true) return request;
  return { ...request, run_context: withoutCaller(run_context) };
}

/** The question without the trace, which is another each time and which no policy reads. */
function keyOf({ run_context, ...rest }: PolicyDecisionRequest): string {
  const { trace: _, ...context } = run_context ?? {};
  return JSON.stringify([context, rest]);
}
