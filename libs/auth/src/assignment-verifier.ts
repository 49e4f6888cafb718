import type { Assignment } from '#contract';

/** Why a token is no assignment: its time is over, it is not as it was signed, or it is not an assignment token at all. */
export type AssignmentRefusal = 'expired' | 'forged' | 'not_ours';

/** Checks the tokens with which executors report on what they were handed. */
export interface AssignmentVerifier {
  verify(token: string): Promise<Assignment | AssignmentRefusal>;
}

/** Injection token of the verifier, in a service that hands out assignments. */
export const ASSIGNMENT_VERIFIER = Symbol('assignment verifier');
