import type { ResetStrategy } from './policy-spec.js';

const MINUTE = 60;
const UNITS: Readonly<Record<string, number>> = { m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE };
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Uses are kept for so long. */
export const LONGEST_WINDOW_SECONDS = 31 * DAY;

/** A Monday at midnight, so that fixed windows of a week, a day, an hour begin when those do. */
const ORIGIN_MS = Date.UTC(1970, 0, 5);

/**
 * `15m`, `24h`, `7d` in seconds.
 *
 * @returns undefined when it is none, or longer than 31 days
 */
export function windowSecondsOf(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? 0);
  return seconds > 0 && seconds <= LONGEST_WINDOW_SECONDS ? seconds : undefined;
}

/** The shortest way to write a window; a day is `24h`. */
export function windowTextOf(seconds: number): string {
  if (seconds % DAY === 0 && seconds > DAY) return `${seconds / DAY}d`;
  return seconds % HOUR === 0 ? `${seconds / HOUR}h` : `${seconds / MINUTE}m`;
}

/** When the window that a use at `now` counts in began: uses at this moment and after it count, times being whole milliseconds. */
export function windowStartOf(strategy: ResetStrategy, seconds: number, now: Date): Date {
  const length = seconds * 1_000;
  if (strategy === 'sliding') return new Date(now.getTime() - length + 1);
  return new Date(ORIGIN_MS + Math.floor((now.getTime() - ORIGIN_MS) / length) * length);
}

/** When a use at `usedAt` counts no longer. */
export function windowEndOf(strategy: ResetStrategy, seconds: number, usedAt: Date): Date {
  const start = strategy === 'sliding' ? usedAt : windowStartOf(strategy, seconds, usedAt);
  return new Date(start.getTime() + seconds * 1_000);
}
