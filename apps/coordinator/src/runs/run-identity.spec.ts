import fc from 'fast-check';
import type { RunStartRequest } from '#contract';
import { bucketOfRun, isRunId } from '../sharding/bucket.js';
import { keyedRunId, runIdFor } from './run-identity.js';

const REQUEST: RunStartRequest = { root_node_type_ref: { node_type_id: 'a', version: '1' }, input: {} };

describe('the id of a run that is started', () => {
  it('is the one that the request names, also beside a key', () => {
    for (const keyed of [undefined, { key: 'k', runId: 'run_of_the_key' }]) {
      expect(runIdFor({ ...REQUEST, run_id: 'mine' }, keyed)).toEqual({
        runId: 'mine',
        conflict: { code: 'run_already_exists', details: { run_id: 'mine' } },
      });
    }
  });

  it('is made anew without a name and a key', () => {
    expect(runIdFor(REQUEST).runId).not.toBe(runIdFor(REQUEST).runId);
  });

  it('is the one that the key stands for', () => {
    expect(runIdFor(REQUEST, { key: 'k', runId: 'run_of_the_key' })).toEqual({
      runId: 'run_of_the_key',
      conflict: { code: 'idempotency_conflict', details: { idempotency_key: 'k' } },
    });
  });
});

describe('the run id that a key stands for', () => {
  it('is one per tenant, or per subject without a tenant, and key', () => {
    const ids = [
      keyedRunId({ subject: 's' }, 'k', undefined),
      keyedRunId({ subject: 's' }, 'K', undefined),
      keyedRunId({ subject: 'other' }, 'k', undefined),
      keyedRunId({ subject: 's', tenantId: 's' }, 'k', undefined),
      keyedRunId({ subject: 's', tenantId: 't' }, 'k', undefined),
      keyedRunId({ subject: 's', tenantId: 't' }, 'tk', undefined),
      keyedRunId({ subject: 's', tenantId: 'tt' }, 'k', undefined),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(keyedRunId({ subject: 'other', tenantId: 't' }, 'k', undefined)).toBe(
      keyedRunId({ subject: 's', tenantId: 't' }, 'k', undefined),
    );
  });

  it('stays what it is, and is another one with each secret', () => {
    const idWith = (secret?: string) => keyedRunId({ subject: 'dev' }, 'k', secret);
    expect(idWith()).toBe('run_75aa028ea5e69193cf0cf08e8c31a38f');
    expect(idWith('a')).toMatch(/^run_[0-9a-f]{32}$/);
    expect(idWith('a')).toBe(idWith('a'));
    expect(new Set([idWith(), idWith('a'), idWith('b')]).size).toBe(3);
  });

  it('is a run id of ours, in any bucket', () => {
    const buckets = new Set<number>();
    fc.assert(
      fc.property(fc.string(), fc.string(), (subject, key) => {
        const runId = keyedRunId({ subject }, key, undefined);
        expect(runId).toMatch(/^run_[0-9a-f]{32}$/);
        expect(isRunId(runId)).toBe(true);
        buckets.add(bucketOfRun(runId));
      }),
    );
    expect(buckets.size).toBeGreaterThan(20);
  });
});
