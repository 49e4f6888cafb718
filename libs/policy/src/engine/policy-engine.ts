/** Plain nested data, as JSON has it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/**
 * What is asked of a policy. Only our own code builds it; nothing of `context` is taken from the body of a request.
 *
 * @example
 * { action: 'node.run.execute', resource: 'node_type:acme.mail.send', context: { node_type: { side_effect: 'irreversible' } } }
 */
export interface PolicyQuery {
  /** The checkpoint, e.g. `run.start`. */
  readonly action: string;
  /** What is acted on: `node_type:<id>`, `run:<id>` or `run:*`. */
  readonly resource: string;
  /** Facts by dotted key, e.g. `principal.roles`; docs/policy.md lists them. */
  readonly context: JsonObject;
}

export const POLICY_OUTCOMES = ['allow', 'deny', 'require_approval'] as const;
export type PolicyOutcome = (typeof POLICY_OUTCOMES)[number];

/** Reasons that a policy gives by its statements. */
export const DECISION_REASONS = [
  'explicit_deny',
  'explicit_approval',
  'explicit_allow',
  'default_deny',
  'evaluation_error',
] as const;
/** Reasons when there is no policy to ask. */
export type UnaskedReason = 'policy_unconfigured' | 'invalid_policy' | 'dev_allow';
export type ReasonCode = (typeof DECISION_REASONS)[number] | UnaskedReason;

/** A statement of a policy file. */
export interface StatementRef {
  /** Its place in the file; the first is 0. */
  readonly index: number;
  /** Its `Sid`, in Cedar its `@id`. */
  readonly sid?: string;
}

/** Who may approve, until when, and what they do not see. What is absent is left to the service. */
export interface ApprovalOptions {
  /** One of these roles is needed to decide. Empty: the policy demands none. */
  readonly roles: readonly string[];
  /** Seconds until the request expires, which denies. */
  readonly expires_in_seconds?: number;
  /** JSON Pointers into the inputs whose values approvers do not see. Those of all matching statements. */
  readonly mask_inputs: readonly string[];
  /** Why a human is asked, in words. */
  readonly reason?: string;
}

export interface PolicyVerdict {
  readonly decision: PolicyOutcome;
  readonly reason_code: ReasonCode;
  /** A sentence for people. Holds no value of the context. */
  readonly message: string;
  /** The statement that decided: of those that match with the effect that wins, the first in the file. */
  readonly statement?: StatementRef;
  /** With `require_approval` only. */
  readonly approval?: ApprovalOptions;
}

/** Why one part of a statement did not match, or could not be evaluated. */
export interface Mismatch {
  readonly part: 'action' | 'resource' | 'condition';
  /** What was wanted against what there was, in words. Holds values of the context: for whoever may see them. */
  readonly message: string;
  readonly operator?: string;
  readonly key?: string;
  /** The value of the key; absent when the key is. */
  readonly actual?: JsonValue;
}

export interface StatementExplanation {
  readonly statement: StatementRef;
  readonly effect: PolicyOutcome;
  /** `decided`: the one that the verdict names. `error`: a condition could not be evaluated. */
  readonly outcome: 'decided' | 'matched' | 'no_match' | 'error';
  readonly mismatches: readonly Mismatch[];
}

export interface Explanation {
  /** The same as `decide` gives. */
  readonly verdict: PolicyVerdict;
  /** Every statement, in the order of the file. */
  readonly statements: readonly StatementExplanation[];
}

/** A policy that answers. Neither method throws: what cannot be evaluated is denied. */
export interface PolicyEngine {
  /** SHA-256 of the policy in hex: of its canonical JSON, or of the text of a Cedar policy. A policy that could not be read has its reason code here. */
  readonly hash: string;
  /** `Version` of the file. */
  readonly version?: string;
  /** How many statements there are. */
  readonly size: number;
  decide(query: PolicyQuery): PolicyVerdict;
  explain(query: PolicyQuery): Explanation;
}

/** How people are told of a statement: its Sid, else its place. */
export function statementName({ index, sid }: StatementRef): string {
  return sid ?? `Statement[${index}]`;
}
