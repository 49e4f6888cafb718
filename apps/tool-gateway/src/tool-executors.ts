/** Injection token of the atomic executors that run tools: `readonly AtomicExecutorApi[]`. */
export const TOOL_EXECUTORS = Symbol('tool executors');
