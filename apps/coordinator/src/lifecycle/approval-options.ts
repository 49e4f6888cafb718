/** Injection token of ApprovalOptions. */
export const APPROVAL_OPTIONS = Symbol('approval options');

export interface ApprovalOptions {
  /** How long an approval waits where policy does not say, in milliseconds. */
  readonly defaultExpiryMs: number;
}
