import { createHash } from 'node:crypto';
import type { Principal, RequestContext, RunStartRequest } from '#contract';
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
 * @param idempotencyKey as `readIdempotencyKey` gives it
 */
export function runIdFor(request: RunStartRequest, ctx: RequestContext, idempotencyKey?: string): RunIdentity {
  if (request.run_id === undefined && idempotencyKey !== undefined) {
    return {
      runId: keyedRunId(ctx.principal, idempotencyKey),
      conflict: { code: 'idempotency_conflict', details: { idempotency_key: idempotencyKey } },
    };
  }
  const runId = request.run_id ?? newRunId();
  return { runId, conflict: { code: 'run_already_exists', details: { run_id: runId } } };
}

/**
 * The run id that a key stands for, `run_<32 hex>`: always the same for the callers of one tenant, or for one caller without a
 * tenant, and another for everybody else. So a start with a key needs no table of keys: the run itself is the record.
 */
export function keyedRunId({ subject, tenantId }: Principal, key: string): string {
  const owner = tenantId === undefined ? ['subject', subject] : ['tenant', tenantId];
  const digest = createHash('sha256')
    .update(JSON.stringify([LABEL, ...owner, key]))
    .digest('hex');
  return `run_${digest.slice(0, 32)}`;
}
