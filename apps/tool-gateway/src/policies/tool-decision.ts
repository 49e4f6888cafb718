import type { ResetStrategy, PiiKind } from './policy-spec.js';

/** A call of a tool, as policies look at it. */
export interface ToolCall {
  readonly agentId: string;
  readonly role: string;
  /** Of the agent; null: made without authentication. */
  readonly owner: string | null;
  readonly tool: string;
  readonly action: string;
  /** Not looked at and not kept; `hosts` and `requestBytes` are what counts of them. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly requestBytes: number;
  /** Hosts that the parameters name, with or without a port. */
  readonly hosts: readonly string[];
  /** What the agent says the call is for, wherever it said so. */
  readonly intent?: string;
  readonly now: Date;
}

/** Why a call is denied; stable. */
export const DENIAL_CODES = [
  'no_policy',
  'scope_not_allowed',
  'intent_required',
  'intent_mismatch',
  'request_too_large',
  'domain_blocked',
  'domain_not_allowed',
  'outside_time_window',
  'outside_schedule',
] as const;

export type DenialCode = (typeof DENIAL_CODES)[number];

export interface Denial {
  readonly effect: 'deny';
  readonly code: DenialCode;
  /** A sentence. */
  readonly reason: string;
}

/** At most `limit` uses in `windowSeconds`. */
export interface QuotaRule {
  readonly limit: number;
  readonly windowSeconds: number;
  readonly resetStrategy: ResetStrategy;
}

/** What is done to an answer. JSON, as jobs keep it until their answer is there. */
export interface ResponseRules {
  readonly redactFields: readonly string[];
  readonly truncateFields: readonly { readonly field: string; readonly maxLength: number }[];
  readonly blockPatterns: readonly string[];
  readonly piiFilters: readonly PiiKind[];
}

/** Host patterns for the constraint `jarvis.egress` of the call. */
export interface EgressRules {
  /** Absent: whatever the node declares. Empty: nothing. */
  readonly allow?: readonly string[];
  readonly block?: readonly string[];
}

export interface Allowance {
  readonly effect: 'allow';
  readonly filters: ResponseRules;
  readonly egress?: EgressRules;
  readonly maxResponseBytes?: number;
  /** What is left to charge, when the call is about to be made. */
  readonly quotas: readonly QuotaRule[];
}

export type Verdict = Allowance | Denial;

/** The verdict, and the policies that it comes from. */
export type ToolDecision = Verdict & { readonly policyIds: readonly string[] };
