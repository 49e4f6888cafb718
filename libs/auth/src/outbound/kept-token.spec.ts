import { KeptToken } from './kept-token.js';
import type { IssuedToken } from './token-endpoint.js';

const never = new AbortController().signal;

/** What issues tokens `1`, `2`, … when a test lets it, on a clock of its own. */
function issuer(lifetimeMs = 300_000) {
  let now = 1_000;
  const waiting: { settle: (issued: IssuedToken) => void; fail: (error: Error) => void }[] = [];
  const issue = () => new Promise<IssuedToken>((settle, fail) => waiting.push({ settle, fail }));
  let given = 0;
  return {
    issue,
    now: () => now,
    pass: (ms: number) => (now += ms),
    asked: () => waiting.length,
    give: () => waiting[given]?.settle({ token: String(++given), lifetimeMs }),
    fail: () => waiting[given++]?.fail(new Error('away')),
  };
}

async function settled(): Promise<void> {
  await new Promise((settle) => setImmediate(settle));
}

describe('a kept token', () => {
  it.each([
    [300_000, 270_000],
    [60_000, 48_000],
    [100, 80],
  ])('of %d ms is used for %d ms', async (lifetimeMs, usableMs) => {
    const source = issuer(lifetimeMs);
    const kept = new KeptToken({ refreshes: false, now: source.now });
    const get = () => kept.get(source.issue, never);
    const first = get();
    source.give();
    expect(await first).toBe('1');
    source.pass(usableMs - 1);
    expect(await get()).toBe('1');
    expect(source.asked()).toBe(1);
    source.pass(1);
    const second = get();
    source.give();
    expect(await second).toBe('2');
  });

  it('that has no life left is used by those who waited for it, and not kept', async () => {
    const source = issuer(-5_000);
    const kept = new KeptToken({ refreshes: true, now: source.now });
    const first = kept.get(source.issue, never);
    source.give();
    expect(await first).toBe('1');
    void kept.get(source.issue, never);
    expect(source.asked()).toBe(2);
  });

  it('is asked for once by however many want it; a failure is that of all of them, and nothing is left of it', async () => {
    const source = issuer();
    const kept = new KeptToken({ refreshes: false, now: source.now });
    const all = () => Promise.allSettled(Array.from({ length: 100 }, () => kept.get(source.issue, never)));
    const failing = all();
    source.fail();
    expect((await failing).map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 'rejected'));
    const working = all();
    source.give();
    expect(new Set((await working).map((one) => one.status === 'fulfilled' && one.value))).toEqual(new Set(['2']));
    expect(source.asked()).toBe(2);
  });

  it('is replaced in the background in the last quarter of its use; what fails there hurts nobody before its end', async () => {
    const source = issuer();
    const kept = new KeptToken({ refreshes: true, now: source.now });
    const get = () => kept.get(source.issue, never);
    const first = get();
    source.give();
    await first;
    source.pass(202_499);
    await get();
    expect(source.asked()).toBe(1);
    source.pass(1);
    expect([await get(), await get()]).toEqual(['1', '1']);
    expect(source.asked()).toBe(2);
    source.fail();
    await settled();
    expect(await get()).toBe('1');
    expect(source.asked()).toBe(2);
    source.pass(5_000);
    expect(await get()).toBe('1');
    expect(source.asked()).toBe(3);
    source.give();
    await settled();
    expect(await get()).toBe('3');
    source.pass(270_000);
    const late = get();
    source.fail();
    await expect(late).rejects.toThrow('away');
  });

  it('is not waited for by a caller who has left, and comes for the others', async () => {
    const source = issuer();
    const kept = new KeptToken({ refreshes: false, now: source.now });
    const caller = new AbortController();
    const left = kept.get(source.issue, caller.signal);
    const stayed = kept.get(source.issue, never);
    caller.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    source.give();
    expect(await stayed).toBe('1');
    await expect(kept.get(source.issue, caller.signal)).resolves.toBe('1');
    expect(source.asked()).toBe(1);
  });

  it('is forgotten when it is the one that was refused', async () => {
    const source = issuer();
    const kept = new KeptToken({ refreshes: false, now: source.now });
    const get = () => kept.get(source.issue, never);
    const first = get();
    source.give();
    await first;
    kept.forget('0');
    expect(await get()).toBe('1');
    kept.forget('1');
    const second = get();
    source.give();
    expect(await second).toBe('2');
    kept.forget('1');
    expect(await get()).toBe('2');
  });
});
