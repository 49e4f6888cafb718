import type { Principal } from '#contract';

/** Who asks when nobody does: work that goes on after its caller has left. Nothing is foreign to it. */
export const COORDINATOR_ITSELF: Principal = { subject: 'run-coordinator' };
