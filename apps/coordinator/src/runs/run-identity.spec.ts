import fc from 'fast-check';
import type { Principal, RequestContext, RunStartRequest } from '#contract';
import { bucketOfRun, isRunId } from '../sharding/bucket.js';
import { keyedRunId, runIdFor } from './run-identity.js';

const REQUEST: RunStartRequest = { root_node_type_ref: { node_type_id: 'a', version: '1' }, input: {} };

function contextOf(principal: Principal): RequestContext {
  return {
    principal,
    trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '01' },
    requestId: 'r',
    signal: new AbortController().signal,
  };
}

describe('the id of a run that is started', () => {
  const ctx = contextOf({ subject: 'dev' });

  it('is the one that the request names, also beside a key', () => {
    for (const key of [undefined, 'k']) {
      expect(runIdFor({ ...REQUEST, run_id: 'mine' }, ctx, key)).toEqual({
        runId: 'mine',
        conflict: { code: 'run_already_exists', details: { run_id: 'mine' } },
      });
    }
  });

  it('is made anew without a name and a key', () => {
    expect(runIdFor(REQUEST, ctx).runId).not.toBe(runIdFor(REQUEST, ctx).runId);
  });

  it('is the one that the key stands for, whatever the request, the trace and the time', () => {
    const { runId, conflict } = runIdFor(REQUEST, ctx, 'k');
    expect(runId).toBe('run_75aa028ea5e69193cf0cf08e8c31a38f');
    expect(conflict).toEqual({ code: 'idempotency_conflict', details: { idempotency_key: 'k' } });
    expect(runIdFor({ ...REQUEST, input: { n: 1 } }, { ...ctx, requestId: 'other' }, 'k').runId).toBe(runId);
  });
});

describe('the run id that a key stands for', () => {
  it('is one per tenant, or per subject without a tenant, and key', () => {
    const ids = [
      keyedRunId({ subject: 's' }, 'k'),
      keyedRunId({ subject: 's' }, 'K'),
      keyedRunId({ subject: 'other' }, 'k'),
      keyedRunId({ subject: 's', tenantId: 's' }, 'k'),
      keyedRunId({ subject: 's', tenantId: 't' }, 'k'),
      keyedRunId({ subject: 's', tenantId: 't' }, 'tk'),
      keyedRunId({ subject: 's', tenantId: 'tt' }, 'k'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(keyedRunId({ subject: 'other', tenantId: 't' }, 'k')).toBe(keyedRunId({ subject: 's', tenantId: 't' }, 'k'));
  });

  it('is a run id of ours, in any bucket', () => {
    const buckets = new Set<number>();
    fc.assert(
      fc.property(fc.string(), fc.string(), (subject, key) => {
        const runId = keyedRunId({ subject }, key);
        expect(runId).toMatch(/^run_[0-9a-f]{32}$/);
        expect(isRunId(runId)).toBe(true);
        buckets.add(bucketOfRun(runId));
      }),
    );
    expect(buckets.size).toBeGreaterThan(20);
  });
});
