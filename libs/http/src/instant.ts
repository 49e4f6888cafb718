import { isDateTime } from '#contract';

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d).(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:z|([+-])(\d\d):?(\d\d)?)$/i;
const YEAR_1_TO_9999 = /^(?!0000)\d{4}-/;

/**
 * A point in time as listings compare it: UTC with microseconds, `2026-01-31T12:00:00.000000Z`, as precise as PostgreSQL. Two of
 * them compare as texts. What is finer is rounded up: a stored time is at or after the result exactly when it is at or after
 * what was given.
 *
 * @param text an RFC 3339 date-time
 * @returns undefined when it is none, or not within the years 1 to 9999 of UTC
 */
export function readInstant(text: string): string | undefined {
  const match = isDateTime(text) ? DATE_TIME.exec(text) : null;
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours, offsetMinutes] = match;
  const finer = /[1-9]/.test(fraction.slice(6)) ? 1 : 0;
  const microseconds = Number(fraction.slice(0, 6).padEnd(6, '0')) + finer;
  const offset = (sign === '-' ? -1 : 1) * (Number(offsetHours ?? 0) * 60 + Number(offsetMinutes ?? 0));
  const time = new Date(0);
  time.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A leap second, and a second that rounding up completes, carry over.
  time.setUTCHours(Number(hour), Number(minute) - offset, Number(second) + Math.floor(microseconds / 1_000_000));
  const whole = time.toISOString();
  if (!YEAR_1_TO_9999.test(whole)) return undefined;
  return `${whole.slice(0, 19)}.${String(microseconds % 1_000_000).padStart(6, '0')}Z`;
}

/** The point in time of a Date, which has milliseconds. */
export function instantOf(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
