import fc from 'fast-check';
import { evaluatePolicy } from './evaluate-policy.js';
import type { JudgedCall } from './evaluate-policy.js';
import { hostNameOf } from './host-name.js';
import { mergeSpecs, narrow } from './merge-specs.js';
import type { MergedSpec } from './merged-spec.js';
import { PII_KINDS, RESET_STRATEGIES } from './policy-spec.js';
import type { PolicySpec } from './policy-spec.js';
import { filterResponse } from './response-filters.js';
import { problemsOfSpec } from './spec-problems.js';

const SCOPES = ['a:get', 'a:head', 'b:get'];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
const DOMAINS = ['company.com', 'API.company.com', 'x.api.company.com', 'org.example', '10.0.0.1'];
const HOSTS = [...DOMAINS, 'notcompany.com', 'Company.com.', 'api.company.com:8443', 'deep.org.example', '10.0.0.1:80'];

const some = (values: readonly string[], minLength = 0) => fc.subarray([...values], { minLength });
const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 15, 59))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
const zone = { timezone: fc.constantFrom(...ZONES) };
const name = fc.constantFrom('a', 'B', 'a.b', '*.a');

/** Generous, so that several together still allow something. */
const anySpec: fc.Arbitrary<PolicySpec> = fc
  .record(
    {
      scopes: some(SCOPES, 2),
      intent: fc.constantFrom('research', 'research', 'research', 'mail'),
      guards: fc.record(
        {
          maxRequestSize: fc.integer({ min: 20, max: 100 }),
          maxResponseSize: fc.integer({ min: 1, max: 100 }),
          allowedDomains: some(DOMAINS, 2),
          blockedDomains: some(DOMAINS).map((domains) => domains.slice(0, 1)),
          piiFilters: fc.subarray([...PII_KINDS]),
          timeWindow: fc.record({ start: time, end: time, ...zone }, { requiredKeys: ['start', 'end'] }),
        },
        { requiredKeys: [] },
      ),
      quotas: fc.array(
        fc.record(
          {
            action: fc.constantFrom(...SCOPES),
            limit: fc.integer({ min: 1, max: 9 }),
            window: fc.constantFrom('60m', '1h', '7d'),
            resetStrategy: fc.constantFrom(...RESET_STRATEGIES),
          },
          { requiredKeys: ['action', 'limit', 'window'] },
        ),
        { maxLength: 3 },
      ),
      schedule: fc.record(
        {
          enabled: fc.boolean(),
          ...zone,
          allowedDays: fc.subarray([0, 1, 2, 3, 4, 5, 6], { minLength: 5 }),
          allowedHours: fc.record({ start: fc.integer({ min: 0, max: 23 }), end: fc.integer({ min: 0, max: 24 }) }),
        },
        { requiredKeys: [] },
      ),
      responseFilters: fc.record(
        {
          redactFields: fc.array(name, { maxLength: 2 }),
          truncateFields: fc.array(fc.record({ field: name, maxLength: fc.nat(5) }), { maxLength: 2 }),
          blockPatterns: fc.array(fc.constantFrom('a', 'E', 'zz'), { maxLength: 2 }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['scopes'] },
  )
  .filter((spec) => problemsOfSpec(spec, 'spec').length === 0);

const anyCall: fc.Arbitrary<JudgedCall> = fc.record(
  {
    tool: fc.constantFrom('a', 'a', 'b'),
    action: fc.constantFrom('get', 'get', 'head'),
    requestBytes: fc.nat(60),
    hosts: fc.subarray(HOSTS).map((hosts) => hosts.slice(0, 2)),
    intent: fc.constantFrom('research', 'research', 'mail'),
    now: fc.date({ min: new Date('2026-01-01'), max: new Date('2027-01-01'), noInvalidDate: true }),
  },
  { requiredKeys: ['tool', 'action', 'requestBytes', 'hosts', 'now'] },
);

function merged(...specs: PolicySpec[]): MergedSpec {
  const result = mergeSpecs(specs);
  if (result === undefined) throw new Error('there are specs');
  return result;
}

describe('laws of merging', () => {
  const specs = fc.array(anySpec, { minLength: 1, maxLength: 4 });

  it('the order does not matter, nor how policies are put together', () => {
    fc.assert(
      fc.property(specs, specs, (left, right) => {
        const together = merged(...left, ...right);
        expect(merged(...right, ...left)).toEqual(together);
        expect(narrow(merged(...left), merged(...right))).toEqual(together);
      }),
    );
  });

  it('a policy merged with itself is itself', () => {
    fc.assert(
      fc.property(specs, (all) => {
        expect(merged(...all, ...all)).toEqual(merged(...all));
        expect(narrow(merged(...all), merged(...all))).toEqual(merged(...all));
      }),
    );
  });

  it('adding a policy never allows what was denied, nor more of what was allowed', () => {
    fc.assert(
      fc.property(specs, anySpec, anyCall, fc.jsonValue(), (all, more, call, data) => {
        const before = evaluatePolicy(merged(...all), call);
        const after = evaluatePolicy(merged(...all, more), call);
        if (before.effect === 'deny') expect(after.effect).toBe('deny');
        if (before.effect === 'deny' || after.effect === 'deny') return;
        expect(after.maxResponseBytes ?? Infinity).toBeLessThanOrEqual(before.maxResponseBytes ?? Infinity);
        for (const { limit, windowSeconds, resetStrategy } of before.quotas) {
          const kept = after.quotas.find(
            (quota) => quota.windowSeconds === windowSeconds && quota.resetStrategy === resetStrategy,
          );
          expect(kept?.limit).toBeLessThanOrEqual(limit);
        }
        if ('blocked' in filterResponse(before.filters, data)) {
          expect(filterResponse(after.filters, data)).toHaveProperty('blocked');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('the merged policy decides as each policy asked alone, by an evaluator that knows nothing of merging', () => {
    let allowed = 0;
    fc.assert(
      fc.property(specs, anyCall, (all, call) => {
        const expected = all.every((spec) => naivelyAllows(spec, call));
        if (expected) allowed += 1;
        expect(evaluatePolicy(mergeSpecs(all), call).effect).toBe(expected ? 'allow' : 'deny');
      }),
      { numRuns: 2_000 },
    );
    expect(allowed).toBeGreaterThan(50);
  });
});

/** One policy alone, as the words of its fields say it. */
function naivelyAllows(spec: PolicySpec, call: JudgedCall): boolean {
  const { intent, guards = {}, schedule } = spec;
  if (!spec.scopes.includes(`${call.tool}:${call.action}`)) return false;
  if (intent !== undefined && call.intent !== intent) return false;
  if (guards.maxRequestSize !== undefined && call.requestBytes > guards.maxRequestSize) return false;
  const isIn = (host: string, domains: readonly string[]) =>
    domains.some((domain) => `.${hostNameOf(host) ?? ''}`.endsWith(`.${domain.toLowerCase()}`));
  if (call.hosts.some((host) => isIn(host, guards.blockedDomains ?? []))) return false;
  if (guards.allowedDomains !== undefined) {
    const { allowedDomains } = guards;
    if (!call.hosts.every((host) => isIn(host, allowedDomains))) return false;
  }
  if (guards.timeWindow !== undefined) {
    const { start, end, timezone } = guards.timeWindow;
    const { time } = clock(call.now, timezone);
    if (start < end ? time < start || time >= end : time < start && time >= end) return false;
  }
  if (schedule === undefined || schedule.enabled === false) return true;
  const { time, day } = clock(call.now, schedule.timezone);
  if (schedule.allowedDays !== undefined && !schedule.allowedDays.includes(day)) return false;
  if (schedule.allowedHours === undefined) return true;
  const { start, end } = schedule.allowedHours;
  const hour = Number(time.slice(0, 2));
  return start < end ? hour >= start && hour < end : hour >= start || hour < end;
}

/** By another way than the evaluator: the zone's date as if it were UTC. */
function clock(now: Date, timeZone = 'UTC'): { time: string; day: number } {
  const local = new Date(`${now.toLocaleString('sv-SE', { timeZone }).replace(' ', 'T')}Z`);
  return { time: local.toISOString().slice(11, 16), day: local.getUTCDay() };
}
