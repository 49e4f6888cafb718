import type { PolicyEngine, PolicyOutcome, UnaskedReason } from './policy-engine.js';

/** An engine that gives one answer to all, for when there is no policy to ask. */
export function fixedEngine(decision: PolicyOutcome, reason: UnaskedReason, message: string): PolicyEngine {
  const verdict = { decision, reason_code: reason, message } as const;
  return {
    hash: reason,
    size: 0,
    decide: () => verdict,
    explain: () => ({ verdict, statements: [] }),
  };
}
