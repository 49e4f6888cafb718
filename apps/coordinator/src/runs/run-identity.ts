import { createHash, createHmac } from 'node:crypto';
import type { Principal, RunStartRequest } from '#contract';
import { newRunId } from '../sharding/bucket.js';

/** Which run a start is about, and what a start of another request under the same name is refused with. */
export interface RunIdentity {
  readonly runId: string;
  readonly conflict: {
    readonly code: 'run_already_exists' | 'idempotency_conflict';
    readonly details: Readonly<Record<string, string>>;
  };
}

const LABEL = 'arp-jarvis run by idempotency key, version 1';

/**
 * The identity of a start: the `run_id` of the request; without one, the id that the idempotency key stands for; without both, a
 * new id.
 *
 * @param keyed the key, as `readIdempotencyKey` gives it, and the run id that it stands for (`keyedRunId`)
 */
export function runIdFor(
  request: RunStartRequest,
  keyed?: { readonly key: string; readonly runId: string },
): RunIdentity {
  if (request.run_id === undefined && keyed !== undefined) {
    return {
      runId: keyed.runId,
      conflict: { code: 'idempotency_conflict', details: { idempotency_key: keyed.key } },
    };
  }
  const runId = request.run_id ?? newRunId();
  return { runId, conflict: { code: 'run_already_exists', details: { run_id: runId } } };
}

/**
 * The run id that a key stands for, `run_<32 hex>`: always the same for the callers of one tenant, or for one caller without a
 * tenant, and another for everybody else. So a start with a key needs no table of keys: the run itself is the record.
 *
 * @param secret without it nobody can tell which id a key of another tenant stands for, to ask for it or to take it by its `run_id`;
 *   undefined where callers are not authenticated
 */
export function keyedRunId({ subject, tenantId }: Principal, key: string, secret: string | undefined): string {
  const owner = tenantId === undefined ? ['subject', subject] : ['tenant', tenantId];
  const hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  return `run_${hash
    .update(JSON.stringify([LABEL, ...owner, key]))
    .digest('hex')
    .slice(0, 32)}`;
}
