import type { PolicyEngine } from './policy-engine.js';
import type { PolicyProblem } from './policy-problem.js';

/** The engine is there exactly when no problem is an error. */
export interface LoadedPolicy {
  readonly engine?: PolicyEngine;
  readonly problems: readonly PolicyProblem[];
}
