import { setTimeout as sleep } from 'node:timers/promises';
import { isEnding } from './ending.mjs';
import { latencies } from './latencies.mjs';

/** How long a level runs before it is measured, as a share of its measured time, and at least. */
const WARM_UP_SHARE = 0.2;
const WARM_UP_MIN_MS = 1_000;

/**
 * Lets `callers` callers call `once`, each again as soon as it has returned, and measures after a warm-up. The first failure
 * ends the loop.
 *
 * @param {object} options
 * @param {number} options.callers
 * @param {number} options.seconds measured
 * @param {() => Promise<Record<string, number>>} options.once times in milliseconds, by name
 * @param {() => Promise<number>} [options.count] a counter that is read when the measured time begins and ends
 * @returns what completed within the measured time: `runs`, `perSecond`, `times` by name, `counted` per run
 */
export async function closedLoop({ callers, seconds, once, count }) {
  let samples;
  let isOver = false;
  const caller = async () => {
    while (!isOver && !isEnding()) {
      const times = await once();
      samples?.push(times);
    }
  };
  const measure = async () => {
    await sleep(Math.max(WARM_UP_MIN_MS, seconds * 1_000 * WARM_UP_SHARE));
    const before = await count?.();
    const from = performance.now();
    samples = [];
    await sleep(seconds * 1_000);
    const completed = samples;
    samples = undefined;
    const measuredMs = performance.now() - from;
    const after = await count?.();
    return { completed, measuredMs, counted: before === undefined ? undefined : after - before };
  };
  const loops = Promise.all(Array.from({ length: callers }, caller));
  // A caller ends before its time only by failing.
  const { completed, measuredMs, counted } = await Promise.race([
    measure(),
    loops.then(() => new Promise(() => {})),
  ]).finally(() => {
    isOver = true;
  });
  await loops;
  const names = Object.keys(completed[0] ?? {});
  return {
    runs: completed.length,
    perSecond: completed.length / (measuredMs / 1_000),
    times: Object.fromEntries(names.map((name) => [name, latencies(completed.map((times) => times[name]))])),
    counted: counted === undefined ? undefined : counted / completed.length,
  };
}

/** Works through an iterable, `width` items at once. */
export async function forEachOf(items, width, work) {
  const rest = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
