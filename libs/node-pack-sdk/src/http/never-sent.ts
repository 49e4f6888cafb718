/** Errors of connections that never stood. */
const neverConnected = new WeakSet<object>();

/** Says so of the error with which a connection could not be made. */
export function markNeverSent(error: object): void {
  neverConnected.add(error);
}

/** Whether it is known that nothing of a request was sent, since its connection never stood. */
export function wasNeverSent(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && neverConnected.has(cause);
}
