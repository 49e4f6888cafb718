import { LRUCache } from 'lru-cache';
import type { AtomicExecuteRequest, AtomicExecuteResult } from '#contract';

const BYTES_AT_MOST = 64 * 1_024 * 1_024;

/** A result, and the request that it answered. */
export interface Remembered {
  readonly request: AtomicExecuteRequest;
  readonly result: AtomicExecuteResult;
}

/**
 * Results by node run id, for a caller that asks again because the answer did not reach him. Not those that may be repeated: a retry of the
 * coordinator has the same id.
 */
export class RememberedResults {
  private readonly cache: LRUCache<string, Remembered> | undefined;

  /** @param ttlMs 0: nothing is remembered */
  constructor(ttlMs: number) {
    this.cache = ttlMs === 0 ? undefined : new LRUCache({ ttl: ttlMs, maxSize: BYTES_AT_MOST });
  }

  find(nodeRunId: string): Remembered | undefined {
    return this.cache?.get(nodeRunId);
  }

  add(remembered: Remembered): void {
    if (this.cache === undefined || remembered.result.error?.retryable === true) return;
    const size = bytesOf(remembered);
    if (size !== undefined) this.cache.set(remembered.result.node_run_id, remembered, { size });
  }
}

/** About; undefined for what is nested too deeply to be written. */
function bytesOf({ request, result }: Remembered): number | undefined {
  try {
    return JSON.stringify(request.inputs).length + JSON.stringify(result).length;
  } catch {
    return undefined;
  }
}
