import { AsyncLocalStorage } from 'node:async_hooks';

/** Fields that every log line of a request or a dispatch carries. For correlation only: business data travels in parameters. */
export interface LogFields {
  readonly request_id?: string;
  readonly trace_id?: string;
  readonly run_id?: string;
  readonly node_run_id?: string;
  /** Who asks. */
  readonly subject?: string;
}

const storage = new AsyncLocalStorage<LogFields>();

/** Runs `work` with `fields` added to each log line written inside it. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** Adds `fields` to the log lines that are still written inside of the innermost `withLogFields`. */
export function addLogFields(fields: LogFields): void {
  const current = storage.getStore();
  if (current !== undefined) Object.assign(current, fields);
}

export function currentLogFields(): LogFields {
  return storage.getStore() ?? {};
}
