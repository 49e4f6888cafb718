import { specHashOf } from './spec-hash.js';

describe('specHashOf', () => {
  it('weakness 14: covers nested content', () => {
    const hashes = [1, 2, 3].map((maxRequestSize) => specHashOf({ scopes: ['a:b'], guards: { maxRequestSize } }));
    expect(new Set(hashes).size).toBe(3);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is the same whatever the order of the fields', () => {
    const one = specHashOf({ scopes: ['a:b'], guards: { maxRequestSize: 1, maxResponseSize: 2 } });
    expect(specHashOf({ guards: { maxResponseSize: 2, maxRequestSize: 1 }, scopes: ['a:b'] })).toBe(one);
  });
});
