/**
 * Median and 99th percentile (nearest rank) of times in milliseconds.
 *
 * @param {readonly number[]} times
 * @returns {{ p50: number, p99: number } | undefined} undefined when there are none
 */
export function latencies(times) {
  if (times.length === 0) return undefined;
  const sorted = Float64Array.from(times).sort();
  const rank = (share) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  return { p50: rank(0.5), p99: rank(0.99) };
}

export function median(times) {
  return latencies(times)?.p50;
}
