import { compareAddress } from './address.js';
import { instantOf } from './instant.js';
import { compilePattern } from './pattern.js';
import type { JsonValue } from './policy-engine.js';
import { daysOf, timesOf, wallClockOf } from './wall-clock.js';
import type { WallClock } from './wall-clock.js';

/** Compares one value of a context; undefined when it is nothing that the operator can compare. */
export type Comparison = (actual: JsonValue) => boolean | undefined;

export interface Operator {
  /** Says "is not": the opposite of the operator without it, for a missing key too. */
  readonly negated: boolean;
  /** What a value in the policy must be, for the error. */
  readonly takes: string;
  /**
   * @param expected a value of the policy
   * @param zone of the file, an IANA name
   * @returns undefined when `expected` is not what the operator takes
   */
  readonly compile: (expected: JsonValue, zone: string) => Comparison | undefined;
}

const TEXT = 'a text, a number or true/false';
const NUMBER = 'a number, or a text with one';
const DATE = 'an ISO 8601 date (2026-12-31) or date-time with Z or an offset (2026-12-31T17:00:00+01:00)';
const ADDRESS = 'an IPv4 or IPv6 address or range, such as 10.0.0.0/8 or 2001:db8::/32';

/** By name, without prefix and suffix. `Null` and `Exists` look at the key and not at its value: see condition.ts. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...bothWays('StringEquals', 'StringNotEquals', TEXT, textComparison),
  ...bothWays('StringLike', 'StringNotLike', TEXT, patternComparison),
  ...bothWays(
    'NumericEquals',
    'NumericNotEquals',
    NUMBER,
    numeric((actual, expected) => actual === expected),
  ),
  one(
    'NumericLessThan',
    NUMBER,
    numeric((actual, expected) => actual < expected),
  ),
  one(
    'NumericLessThanEquals',
    NUMBER,
    numeric((actual, expected) => actual <= expected),
  ),
  one(
    'NumericGreaterThan',
    NUMBER,
    numeric((actual, expected) => actual > expected),
  ),
  one(
    'NumericGreaterThanEquals',
    NUMBER,
    numeric((actual, expected) => actual >= expected),
  ),
  one('Bool', 'true or false', boolComparison),
  ...bothWays('IpAddress', 'NotIpAddress', ADDRESS, (expected) => compareAddress(expected)),
  ...bothWays(
    'DateEquals',
    'DateNotEquals',
    DATE,
    dated((actual, expected) => actual === expected),
  ),
  one(
    'DateLessThan',
    DATE,
    dated((actual, expected) => actual < expected),
  ),
  one(
    'DateLessThanEquals',
    DATE,
    dated((actual, expected) => actual <= expected),
  ),
  one(
    'DateGreaterThan',
    DATE,
    dated((actual, expected) => actual > expected),
  ),
  one(
    'DateGreaterThanEquals',
    DATE,
    dated((actual, expected) => actual >= expected),
  ),
  ...bothWays(
    'TimeBetween',
    'TimeNotBetween',
    'times of a day and, if it is not the Timezone of the file, a zone: 09:00-17:30 or "09:00-17:30 Europe/Berlin"',
    clocked(timesOf),
  ),
  ...bothWays(
    'DayOfWeek',
    'NotDayOfWeek',
    'days and, if it is not the Timezone of the file, a zone: sat, mon-fri or "mon-fri Europe/Berlin"',
    clocked(daysOf),
  ),
]);

function one(name: string, takes: string, compile: Operator['compile']): [string, Operator] {
  return [name, { negated: false, takes, compile }];
}

function bothWays(name: string, opposite: string, takes: string, compile: Operator['compile']): [string, Operator][] {
  return [one(name, takes, compile), [opposite, { negated: true, takes, compile }]];
}

/** Numbers and booleans as JSON writes them. */
function textOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  return Number.isFinite(value) || typeof value === 'boolean' ? JSON.stringify(value) : undefined;
}

function textComparison(expected: JsonValue): Comparison | undefined {
  const text = textOf(expected);
  if (text === undefined) return undefined;
  return (actual) => {
    const given = textOf(actual);
    return given === undefined ? undefined : given === text;
  };
}

function patternComparison(expected: JsonValue): Comparison | undefined {
  const text = textOf(expected);
  if (text === undefined) return undefined;
  const { matches } = compilePattern(text);
  return (actual) => {
    const given = textOf(actual);
    return given === undefined ? undefined : matches(given);
  };
}

function numberOf(value: JsonValue): number | undefined {
  if (typeof value === 'string' && !/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function numeric(compare: (actual: number, expected: number) => boolean): Operator['compile'] {
  return (expected) => {
    const limit = numberOf(expected);
    if (limit === undefined) return undefined;
    return (actual) => {
      const number = numberOf(actual);
      return number === undefined ? undefined : compare(number, limit);
    };
  };
}

/** true and false, also as texts; undefined for all else. */
export function booleanOf(value: JsonValue): boolean | undefined {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : undefined;
}

function boolComparison(expected: JsonValue): Comparison | undefined {
  const wanted = booleanOf(expected);
  if (wanted === undefined) return undefined;
  return (actual) => {
    const given = booleanOf(actual);
    return given === undefined ? undefined : given === wanted;
  };
}

function dated(compare: (actual: number, expected: number) => boolean): Operator['compile'] {
  return (expected) => {
    const limit = typeof expected === 'string' ? instantOf(expected) : undefined;
    if (limit === undefined) return undefined;
    return (actual) => {
      const instant = typeof actual === 'string' ? instantOf(actual) : undefined;
      return instant === undefined ? undefined : compare(instant, limit);
    };
  };
}

function clocked(read: (text: string) => ((clock: WallClock) => boolean) | undefined): Operator['compile'] {
  return (expected, fileZone) => {
    const [span = '', zone = fileZone, ...more] = typeof expected === 'string' ? expected.split(' ') : [];
    const [holds, clockAt] = [read(span), wallClockOf(zone)];
    if (holds === undefined || clockAt === undefined || more.length > 0) return undefined;
    return (actual) => {
      const instant = typeof actual === 'string' ? instantOf(actual) : undefined;
      return instant === undefined ? undefined : holds(clockAt(instant));
    };
  };
}
