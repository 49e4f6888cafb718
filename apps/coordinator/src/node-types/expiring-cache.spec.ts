import { ExpiringCache } from './expiring-cache.js';

describe('ExpiringCache', () => {
  let now = 0;
  let loads: string[] = [];
  const cache = () => new ExpiringCache<string>({ capacity: 2, ttlMs: (value) => value.length * 10, now: () => now });
  const load = (key: string) => async () => {
    loads.push(key);
    return key;
  };
  beforeEach(() => {
    now = 0;
    loads = [];
  });

  it('loads once for all who ask at the same time, and for as long as the value says', async () => {
    const values = cache();
    expect(await Promise.all([values.get('ab', load('ab')), values.get('ab', load('ab'))])).toEqual(['ab', 'ab']);
    now = 19;
    await values.get('ab', load('ab'));
    expect(loads).toEqual(['ab']);
    now = 20;
    await values.get('ab', load('ab'));
    expect(loads).toEqual(['ab', 'ab']);
  });

  it('forgets what was not asked for longest', async () => {
    const values = cache();
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await values.get(key, load(key));
    expect(loads).toEqual(['a', 'b', 'c', 'b']);
  });

  it('does not keep a failure', async () => {
    const values = cache();
    const fail = () => Promise.reject(new Error('no'));
    await expect(Promise.all([values.get('a', fail), values.get('a', load('a'))])).rejects.toThrow('no');
    expect(await values.get('a', load('a'))).toBe('a');
    expect(loads).toEqual(['a']);
  });
});
