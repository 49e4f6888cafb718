/** Longest time that Node's timers take, in milliseconds (24.8 days); of more they make 1 ms. */
export const MAX_TIMER_MS = 2_147_483_647;
