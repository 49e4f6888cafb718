import { parsePolicyDocument } from './policy-document.js';
import type { JsonObject, JsonValue } from './policy-engine.js';
import { OPERATOR_NAMES, readOperator } from './condition.js';

type Answer = 'true' | 'false' | 'error';

function ask(operator: string, expected: unknown, context: JsonObject, key = 'node_type.x', zone?: string): Answer {
  const { document, problems } = parsePolicyDocument(
    JSON.stringify({
      ...(zone === undefined ? {} : { Timezone: zone }),
      Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition: { [operator]: { [key]: expected } } },
    }),
  );
  const condition = document?.statements[0]?.conditions[0];
  if (condition === undefined) throw new Error(JSON.stringify(problems));
  return condition.holds(context);
}

/** The value of the key is `actual`; undefined: the key is missing. */
function compare(operator: string, actual: JsonValue | undefined, expected: unknown, zone?: string): Answer {
  return ask(
    operator,
    expected,
    actual === undefined ? { node_type: {} } : { node_type: { x: actual } },
    undefined,
    zone,
  );
}

const NOON = '2026-11-20T12:00:00Z';

describe('operators', () => {
  it.each<[string, JsonValue | undefined, unknown, Answer]>([
    ['StringEquals', 'a', 'a', 'true'],
    ['StringEquals', 'a', 'A', 'false'],
    ['StringEquals', 'b', ['a', 'b'], 'true'],
    ['StringEquals', 'a*', 'a*', 'true'],
    ['StringEquals', 'ab', 'a*', 'false'],
    ['StringEquals', 3, '3', 'true'],
    ['StringEquals', 'true', true, 'true'],
    ['StringEquals', { a: 1 }, 'a', 'error'],
    ['StringEquals', ['x', 'a'], 'a', 'true'],
    ['StringEquals', [], 'a', 'false'],
    ['StringEquals', undefined, 'a', 'false'],
    ['StringEquals', null, 'a', 'false'],
    ['StringNotEquals', 'b', 'a', 'true'],
    ['StringNotEquals', 'b', ['a', 'b'], 'false'],
    ['StringNotEquals', ['x', 'a'], 'a', 'false'],
    ['StringNotEquals', [], 'a', 'true'],
    ['StringNotEquals', undefined, 'a', 'true'],
    ['StringNotEquals', { a: 1 }, 'a', 'error'],
    ['StringLike', 'acme.mail', 'acme.*', 'true'],
    ['StringLike', 'Acme.mail', 'acme.*', 'false'],
    ['StringLike', 'v3', 'v[1-5]', 'true'],
    ['StringLike', undefined, '*', 'false'],
    ['StringNotLike', 'acme.mail', 'acme.*', 'false'],
    ['StringNotLike', 'b', 'acme.*', 'true'],
    ['StringNotLike', undefined, '*', 'true'],
    ['NumericEquals', 3, '3.0', 'true'],
    ['NumericEquals', '3', 3, 'true'],
    ['NumericEquals', 'three', 3, 'error'],
    ['NumericEquals', '', 0, 'error'],
    ['NumericEquals', true, 1, 'error'],
    ['NumericNotEquals', 3, 3, 'false'],
    ['NumericNotEquals', undefined, 3, 'true'],
    ['NumericNotEquals', 'three', 3, 'error'],
    ['NumericLessThan', 2, 3, 'true'],
    ['NumericLessThan', 3, 3, 'false'],
    ['NumericLessThanEquals', 3, 3, 'true'],
    ['NumericLessThanEquals', 3.5, 3, 'false'],
    ['NumericGreaterThan', 4, [3, 100], 'true'],
    ['NumericGreaterThan', 3, 3, 'false'],
    ['NumericGreaterThan', undefined, 3, 'false'],
    ['NumericGreaterThanEquals', 3, 3, 'true'],
    ['NumericGreaterThanEquals', -1e3, '-999', 'false'],
    ['Bool', true, true, 'true'],
    ['Bool', 'false', false, 'true'],
    ['Bool', true, 'false', 'false'],
    ['Bool', 'yes', true, 'error'],
    ['Bool', undefined, false, 'false'],
    ['IpAddress', '10.1.2.3', '10.0.0.0/8', 'true'],
    ['IpAddress', '11.1.2.3', ['10.0.0.0/8', '11.1.2.3'], 'true'],
    ['IpAddress', '11.1.2.4', ['10.0.0.0/8', '11.1.2.3'], 'false'],
    ['IpAddress', '::ffff:10.1.2.3', '10.0.0.0/8', 'true'],
    ['IpAddress', '2001:db8::1', '2001:db8::/32', 'true'],
    ['IpAddress', '2001:db8::1', '0.0.0.0/0', 'false'],
    ['IpAddress', '10.1', '10.0.0.0/8', 'error'],
    ['IpAddress', 'localhost', '10.0.0.0/8', 'error'],
    ['IpAddress', undefined, '0.0.0.0/0', 'false'],
    ['NotIpAddress', '10.1.2.3', '10.0.0.0/8', 'false'],
    ['NotIpAddress', '11.1.2.3', '10.0.0.0/8', 'true'],
    ['NotIpAddress', undefined, '10.0.0.0/8', 'true'],
    ['DateEquals', '2026-11-20T13:00:00+01:00', NOON, 'true'],
    ['DateNotEquals', '2026-11-20T13:00:00Z', NOON, 'true'],
    ['DateLessThan', '2026-11-19T23:59:59.999Z', '2026-11-20', 'true'],
    ['DateLessThan', '2026-11-20T00:00:00Z', '2026-11-20', 'false'],
    ['DateLessThanEquals', '2026-11-20T00:00:00Z', '2026-11-20', 'true'],
    ['DateGreaterThan', NOON, '2026-11-20', 'true'],
    ['DateGreaterThanEquals', NOON, NOON, 'true'],
    ['DateGreaterThan', 'yesterday', NOON, 'error'],
    ['DateGreaterThan', '2026-02-30', NOON, 'error'],
    ['DateGreaterThan', '2026-11-20T12:00:00', NOON, 'error'],
    ['DateGreaterThan', undefined, NOON, 'false'],
    ['TimeBetween', NOON, '12:00-13:00', 'true'],
    ['TimeBetween', NOON, '11:00-12:00', 'false'],
    ['TimeBetween', NOON, ['08:00-09:00', '11:30-12:30'], 'true'],
    ['TimeBetween', '2026-11-20T23:59:59Z', '22:00-24:00', 'true'],
    ['TimeBetween', '2026-11-20T05:59:00Z', '22:00-06:00', 'true'],
    ['TimeBetween', NOON, '22:00-06:00', 'false'],
    ['TimeBetween', NOON, '12:30-13:30 Europe/Berlin', 'true'],
    ['TimeBetween', '2026-07-20T12:00:00Z', '14:00-14:01 Europe/Berlin', 'true'],
    ['TimeBetween', 'noon', '12:00-13:00', 'error'],
    ['TimeBetween', undefined, '00:00-24:00', 'false'],
    ['TimeNotBetween', NOON, '12:00-13:00', 'false'],
    ['TimeNotBetween', undefined, '12:00-13:00', 'true'],
    ['DayOfWeek', NOON, 'fri', 'true'],
    ['DayOfWeek', NOON, 'Mon-Fri', 'true'],
    ['DayOfWeek', NOON, ['sat', 'sun'], 'false'],
    ['DayOfWeek', NOON, 'fri-mon', 'true'],
    ['DayOfWeek', NOON, 'sat-thu', 'false'],
    ['DayOfWeek', '2026-11-20T23:30:00Z', 'sat Europe/Berlin', 'true'],
    ['NotDayOfWeek', NOON, 'sat-sun', 'true'],
    ['Null', undefined, true, 'true'],
    ['Null', null, true, 'true'],
    ['Null', 'a', 'true', 'false'],
    ['Null', 'a', false, 'true'],
    ['Exists', 'a', true, 'true'],
    ['Exists', '', true, 'true'],
    ['Exists', undefined, true, 'false'],
    ['Exists', undefined, false, 'true'],
  ])('%s: %j against %j is %s', (operator, actual, expected, answer) => {
    expect(compare(operator, actual, expected)).toBe(answer);
  });

  it.each<[string, JsonValue | undefined, unknown, Answer]>([
    ['ForAnyValue:StringEquals', ['x', 'a'], ['a', 'b'], 'true'],
    ['ForAnyValue:StringEquals', ['x'], ['a', 'b'], 'false'],
    ['ForAnyValue:StringEquals', 'a', ['a', 'b'], 'true'],
    ['ForAnyValue:StringEquals', [], 'a', 'false'],
    ['ForAnyValue:StringEquals', undefined, 'a', 'false'],
    ['ForAnyValue:StringNotEquals', ['a', 'x'], ['a', 'b'], 'true'],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], 'false'],
    ['ForAnyValue:StringNotEquals', undefined, 'a', 'false'],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b', 'c'], 'true'],
    ['ForAllValues:StringEquals', ['a', 'x'], ['a', 'b'], 'false'],
    ['ForAllValues:StringEquals', [], 'a', 'true'],
    ['ForAllValues:StringEquals', undefined, 'a', 'true'],
    ['ForAllValues:StringNotLike', ['x', 'y'], 'a*', 'true'],
    ['ForAllValues:StringNotLike', ['x', 'ab'], 'a*', 'false'],
    ['ForAnyValue:NumericGreaterThan', ['many', 5], 3, 'true'],
    ['ForAnyValue:NumericGreaterThan', ['many', 1], 3, 'error'],
    ['ForAllValues:NumericGreaterThan', ['many', 1], 3, 'false'],
    ['ForAllValues:NumericGreaterThan', ['many', 5], 3, 'error'],
    ['StringEqualsIfExists', undefined, 'a', 'true'],
    ['StringEqualsIfExists', 'b', 'a', 'false'],
    ['NumericLessThanIfExists', undefined, 3, 'true'],
    ['ForAnyValue:StringLikeIfExists', undefined, 'a', 'true'],
    ['ForAnyValue:StringLikeIfExists', [], 'a', 'false'],
  ])('%s: %j against %j is %s', (operator, actual, expected, answer) => {
    expect(compare(operator, actual, expected)).toBe(answer);
  });

  it('takes the zone of the file for times, unless the value names another', () => {
    expect(compare('TimeBetween', NOON, '13:00-13:01', 'Europe/Berlin')).toBe('true');
    expect(compare('TimeBetween', NOON, '12:00-12:01 UTC', 'Europe/Berlin')).toBe('true');
    expect(compare('DayOfWeek', '2026-11-20T02:00:00Z', 'thu', 'America/New_York')).toBe('true');
  });

  it('looks up own members only', () => {
    for (const key of ['constructor', 'node_type.__proto__', 'node_type.x.length', 'node_type.x.0', 'toString.name']) {
      expect(ask('Exists', true, { node_type: { x: ['a'] } }, key)).toBe('false');
    }
  });

  it('every "not" is the opposite of its operator, for a missing key too', () => {
    const opposites = { true: 'false', false: 'true', error: 'error' };
    for (const [plain, not, expected] of [
      ['StringEquals', 'StringNotEquals', 'a'],
      ['StringLike', 'StringNotLike', 'a*'],
      ['NumericEquals', 'NumericNotEquals', 1],
      ['IpAddress', 'NotIpAddress', '10.0.0.0/8'],
      ['DateEquals', 'DateNotEquals', NOON],
      ['TimeBetween', 'TimeNotBetween', '09:00-17:00'],
      ['DayOfWeek', 'NotDayOfWeek', 'mon-fri'],
    ] as const) {
      for (const actual of [undefined, 'a', 1, '10.0.0.1', NOON, [], ['a', 'b'], [1, 'x'], {}]) {
        expect([plain, actual, compare(not, actual, expected)]).toEqual([
          plain,
          actual,
          opposites[compare(plain, actual, expected)],
        ]);
      }
    }
  });

  it('knows every name, and no other', () => {
    for (const name of OPERATOR_NAMES) expect(readOperator(name)).toBeDefined();
    for (const name of [
      'stringEquals',
      'StringEqual',
      'ForAnyValue:Null',
      'NullIfExists',
      'IfExists',
      'ForAnyValue:',
      '',
    ]) {
      expect(readOperator(name)).toBeUndefined();
    }
  });
});
