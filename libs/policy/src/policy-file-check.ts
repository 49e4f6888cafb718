import { AppError } from '#contract';
import type { DependencyCheck } from '#http';
import type { PolicySource } from './policy-source.js';

/** Shows in the health report how the policy file stands. A service goes on without it: by the last policy that could be used, or by denying. */
export class PolicyFileCheck implements DependencyCheck {
  readonly name = 'policy';
  readonly essential = false;

  constructor(private readonly source: Pick<PolicySource, 'status'>) {}

  async check(): Promise<Record<string, unknown> | void> {
    const { status } = this.source;
    if (status === undefined) return;
    const { state, hash, version, loaded_at } = status;
    if (state !== 'valid') {
      // The errors name lines of the policy, and this is public.
      throw new AppError('internal_error', {
        message: `The policy file cannot be used as it is (${state}); the log of the service says why.`,
      });
    }
    return { policy_hash: hash, ...(version === undefined ? {} : { policy_version: version }), loaded_at };
  }
}
