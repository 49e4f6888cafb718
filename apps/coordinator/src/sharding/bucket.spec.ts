import fc from 'fast-check';
import { bucketOfNodeRun, bucketOfRun, isRunId, keyedNodeRunId, newNodeRunId, newRunId } from './bucket.js';
import { fingerprint } from './fingerprint.js';

describe('buckets and ids', () => {
  it('a node run id tells the bucket of its run', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (runId, parent, key) => {
        const bucket = bucketOfRun(runId);
        expect(bucket).toBeGreaterThanOrEqual(0);
        expect(bucket).toBeLessThan(256);
        expect(bucketOfNodeRun(newNodeRunId(bucket))).toBe(bucket);
        expect(bucketOfNodeRun(keyedNodeRunId(bucket, runId, parent, key))).toBe(bucket);
        expect(keyedNodeRunId(bucket, runId, parent, key)).toBe(keyedNodeRunId(bucket, runId, parent, key));
      }),
    );
  });

  it('spreads runs over the buckets', () => {
    expect(new Set(Array.from({ length: 5_000 }, () => bucketOfRun(newRunId()))).size).toBe(256);
  });

  it('knows no bucket for an id that is not ours, whatever it is', () => {
    expect(bucketOfNodeRun('node_run_xyz')).toBeUndefined();
    fc.assert(fc.property(fc.string(), (id) => bucketOfNodeRun(id) === undefined));
  });

  it('accepts run ids that fit in a URL as they stand', () => {
    expect(['run_1', 'a.b-c~d_E9', 'x'.repeat(128)].every(isRunId)).toBe(true);
    expect(['', 'a b', 'a/b', 'a:b', 'ä', 'a\u0000', 'x'.repeat(129)].some(isRunId)).toBe(false);
    expect(isRunId(newRunId())).toBe(true);
  });
});

describe('fingerprint', () => {
  it('does not depend on the order of keys, and tells different values apart', () => {
    expect(fingerprint({ a: 1, b: { c: [1, 2], d: null } })).toBe(fingerprint({ b: { d: null, c: [1, 2] }, a: 1 }));
    expect(fingerprint({ a: [1, 2] })).not.toBe(fingerprint({ a: [2, 1] }));
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        if (same) expect(fingerprint(a)).toBe(fingerprint(b));
        expect(fingerprint(a)).toBe(fingerprint(JSON.parse(JSON.stringify(a))));
      }),
    );
  });
});
