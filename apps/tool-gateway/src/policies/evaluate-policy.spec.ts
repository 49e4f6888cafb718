import { evaluatePolicy } from './evaluate-policy.js';
import type { JudgedCall } from './evaluate-policy.js';
import { mergeSpecs } from './merge-specs.js';
import type { PolicyGuards, PolicySchedule, PolicySpec } from './policy-spec.js';

const SCOPES = ['http_fetch:get', 'http_fetch:head', 'serpapi:search'];
const CALL: JudgedCall = {
  tool: 'http_fetch',
  action: 'get',
  requestBytes: 100,
  hosts: [],
  now: new Date('2026-02-11T14:30:00Z'),
};

/** The code with which these policies deny a call; `allow` when they do not. */
function codeOf(specs: Partial<PolicySpec>[], call: Partial<JudgedCall> = {}): string {
  const verdict = evaluatePolicy(mergeSpecs(specs.map((spec) => ({ scopes: SCOPES, ...spec }))), { ...CALL, ...call });
  if (verdict.effect === 'allow') return 'allow';
  expect(verdict.reason).toMatch(/^[A-Z].*\.$/);
  return verdict.code;
}

const guarded = (guards: PolicyGuards, call: Partial<JudgedCall> = {}) => codeOf([{ guards }], call);
const scheduled = (schedule: PolicySchedule, now: string) => codeOf([{ schedule }], { now: new Date(now) });

describe('what is denied', () => {
  it('everything without a policy', () => {
    expect(codeOf([])).toBe('no_policy');
  });

  it('a scope that a policy does not have, exactly', () => {
    expect(codeOf([{}], { action: 'post' })).toBe('scope_not_allowed');
    expect(codeOf([{}, { scopes: ['http_fetch:head'] }])).toBe('scope_not_allowed');
    expect(codeOf([{}], { action: 'GET' })).toBe('scope_not_allowed');
    expect(codeOf([{}])).toBe('allow');
  });

  it('weakness 10: a call that leaves out the intent, or has another', () => {
    expect(codeOf([{ intent: 'research' }])).toBe('intent_required');
    expect(codeOf([{ intent: 'research' }], { intent: 'mail' })).toBe('intent_mismatch');
    expect(codeOf([{ intent: 'research' }], { intent: 'research' })).toBe('allow');
    expect(codeOf([{}], { intent: 'whatever' })).toBe('allow');
  });

  it('every call when policies demand two intents', () => {
    const two = [{ intent: 'research' }, { intent: 'mail' }];
    expect(codeOf(two)).toBe('intent_required');
    expect(codeOf(two, { intent: 'mail' })).toBe('intent_mismatch');
    expect(codeOf(two, { intent: 'research' })).toBe('intent_mismatch');
  });

  it('a larger request', () => {
    expect(guarded({ maxRequestSize: 100 })).toBe('allow');
    expect(guarded({ maxRequestSize: 99 })).toBe('request_too_large');
  });

  it('the first failure in the order scope, intent, guards, schedule', () => {
    const all: PolicySpec = {
      scopes: ['serpapi:search'],
      intent: 'research',
      guards: { maxRequestSize: 1, blockedDomains: ['a.com'], timeWindow: { start: '00:00', end: '00:01' } },
      schedule: { allowedDays: [0] },
    };
    const call = { tool: 'serpapi', action: 'search', intent: 'research', requestBytes: 1, hosts: ['b.com'] };
    const atMidnight = new Date('2026-02-11T00:00:00Z');
    expect(codeOf([all])).toBe('scope_not_allowed');
    expect(codeOf([all], { ...call, intent: 'mail', requestBytes: 2 })).toBe('intent_mismatch');
    expect(codeOf([all], { ...call, requestBytes: 2, hosts: ['a.com'] })).toBe('request_too_large');
    expect(codeOf([all], { ...call, hosts: ['a.com'] })).toBe('domain_blocked');
    expect(codeOf([all], call)).toBe('outside_time_window');
    expect(codeOf([all], { ...call, now: atMidnight })).toBe('outside_schedule');
    expect(codeOf([all], { ...call, now: new Date('2026-02-15T00:00:00Z') })).toBe('allow');
  });
});

describe('domains', () => {
  it.each([
    ['company.com', 'allow'],
    ['api.company.com', 'allow'],
    ['API.COMPANY.com.:8443', 'allow'],
    ['notcompany.com', 'domain_not_allowed'],
    ['company.com.evil.org', 'domain_not_allowed'],
    ['xn--bcher-kva.example', 'allow'],
    ['10.0.0.1', 'allow'],
    ['0x0a.1', 'allow'],
    ['110.0.0.1', 'domain_not_allowed'],
    ['[2001:db8::1]:443', 'allow'],
    ['2001:db8::2', 'domain_not_allowed'],
    ['what is this', 'domain_not_allowed'],
  ])('weakness 11: %s is judged as the host that it is: %s', (host, expected) => {
    const allowedDomains = ['company.com', 'Bücher.example', '10.0.0.1', '2001:DB8::1'];
    expect(guarded({ allowedDomains }, { hosts: [host] })).toBe(expected);
    expect(guarded({ blockedDomains: allowedDomains }, { hosts: [host] })).toBe(
      expected === 'allow' ? 'domain_blocked' : host === 'what is this' ? 'domain_not_allowed' : 'allow',
    );
  });

  it('weakness 11: hold for every action, and for every host that is named', () => {
    const guards = { allowedDomains: ['company.com'] };
    expect(guarded(guards, { action: 'head', hosts: ['evil.org'] })).toBe('domain_not_allowed');
    expect(guarded(guards, { tool: 'serpapi', action: 'search', hosts: ['evil.org'] })).toBe('domain_not_allowed');
    expect(guarded(guards, { hosts: ['company.com', 'evil.org'] })).toBe('domain_not_allowed');
  });

  it('blocked ones are blocked though they are allowed', () => {
    const guards = { allowedDomains: ['company.com'], blockedDomains: ['internal.company.com'] };
    expect(guarded(guards, { hosts: ['www.company.com'] })).toBe('allow');
    expect(guarded(guards, { hosts: ['db.internal.company.com'] })).toBe('domain_blocked');
  });

  it('narrow what the executor lets out, redirects included', () => {
    const guards = { allowedDomains: ['company.com', '::1'], blockedDomains: ['internal.company.com', '10.0.0.1'] };
    expect(evaluatePolicy(mergeSpecs([{ scopes: SCOPES, guards }]), CALL)).toHaveProperty('egress', {
      allow: ['[::1]:*', 'company.com:*', '*.company.com:*'],
      block: ['10.0.0.1:*', 'internal.company.com:*', '*.internal.company.com:*'],
    });
    expect(evaluatePolicy(mergeSpecs([{ scopes: SCOPES }]), CALL)).not.toHaveProperty('egress');
  });

  it('of allow lists without a common domain let nothing out', () => {
    const specs = ['a.com', 'b.com'].map((domain) => ({ scopes: SCOPES, guards: { allowedDomains: [domain] } }));
    expect(evaluatePolicy(mergeSpecs(specs), CALL)).toHaveProperty('egress', { allow: [] });
  });
});

describe('weakness 12: times', () => {
  const at = (start: string, end: string, now: string, timezone = 'UTC') =>
    guarded({ timeWindow: { start, end, timezone } }, { now: new Date(now) }) === 'allow';

  it('of a day, the end excluded', () => {
    const open = ['08:59', '09:00', '16:59', '17:00'].map((time) => at('09:00', '17:00', `2026-02-11T${time}:59Z`));
    expect(open).toEqual([false, true, true, false]);
  });

  it('over midnight', () => {
    const times = ['21:59', '22:00', '23:59', '00:00', '05:59', '06:00', '12:00'];
    const open = times.map((time) => at('22:00', '06:00', `2026-02-11T${time}:00Z`));
    expect(open).toEqual([false, true, true, true, true, false, false]);
    expect(at('22:00', '24:00', '2026-02-11T23:59:59Z')).toBe(true);
    expect(at('22:00', '24:00', '2026-02-11T00:00:00Z')).toBe(false);
  });

  it('of a zone, in summer and in winter', () => {
    expect(at('09:00', '10:00', '2026-01-15T14:30:00Z', 'America/New_York')).toBe(true);
    expect(at('09:00', '10:00', '2026-07-15T14:30:00Z', 'America/New_York')).toBe(false);
    expect(at('09:00', '10:00', '2026-07-15T13:30:00Z', 'America/New_York')).toBe(true);
    // The hour that there is not, and the one that comes twice.
    expect(at('02:00', '03:00', '2026-03-29T01:30:00Z', 'Europe/Berlin')).toBe(false);
    expect(['00', '01'].map((hour) => at('02:00', '03:00', `2026-10-25T${hour}:30:00Z`, 'Europe/Berlin'))).toEqual([
      true,
      true,
    ]);
  });

  it('of a schedule: hours with the end excluded, 0 and 24, over midnight', () => {
    const open = (start: number, end: number, now: string) =>
      scheduled({ allowedHours: { start, end } }, `2026-02-11T${now}:00Z`) === 'allow';
    expect(['05:59', '06:00', '21:59', '22:00'].map((now) => open(6, 22, now))).toEqual([false, true, true, false]);
    expect(['21:59', '22:00', '23:59', '00:00'].map((now) => open(22, 0, now))).toEqual([false, true, true, false]);
    expect(['17:59', '18:00', '23:59', '00:00'].map((now) => open(18, 24, now))).toEqual([false, true, true, false]);
    expect(['00:00', '23:59'].map((now) => open(0, 24, now))).toEqual([true, true]);
    expect(['21:59', '23:00', '03:00', '06:00'].map((now) => open(22, 6, now))).toEqual([false, true, true, false]);
  });

  it('of a schedule: days as the clock of the zone has them, 0 for Sunday', () => {
    // A Sunday.
    const weekend = { allowedDays: [0, 6] };
    expect(scheduled(weekend, '2026-02-15T12:00:00Z')).toBe('allow');
    expect(scheduled(weekend, '2026-02-16T00:00:00Z')).toBe('outside_schedule');
    expect(scheduled({ ...weekend, timezone: 'America/New_York' }, '2026-02-16T04:59:00Z')).toBe('allow');
    expect(scheduled({ ...weekend, timezone: 'Asia/Tokyo' }, '2026-02-15T15:00:00Z')).toBe('outside_schedule');
    const days = [9, 10, 11, 12, 13, 14, 15].map((day) =>
      scheduled({ allowedDays: [1] }, `2026-02-${String(day).padStart(2, '0')}T12:00:00Z`),
    );
    expect(days).toEqual(['allow', ...Array<string>(6).fill('outside_schedule')]);
  });

  it('of several policies must all hold', () => {
    const hours = (start: number, end: number) => ({ schedule: { allowedHours: { start, end } } });
    expect(codeOf([hours(8, 15), hours(14, 20)])).toBe('allow');
    expect(codeOf([hours(8, 14), hours(14, 20)])).toBe('outside_schedule');
    const window = (start: string, end: string) => ({ guards: { timeWindow: { start, end } } });
    expect(codeOf([window('14:00', '15:00'), window('22:00', '14:00')])).toBe('outside_time_window');
  });
});

it('what is allowed comes with what is to be done later: quotas of this action, filters, the size of the answer', () => {
  const verdict = evaluatePolicy(
    mergeSpecs([
      {
        scopes: SCOPES,
        guards: { maxResponseSize: 7, piiFilters: ['email'] },
        quotas: [
          { action: 'get', limit: 2, window: '24h' },
          { action: 'http_fetch:get', limit: 1, window: '1h', resetStrategy: 'fixed' },
          { action: 'search', limit: 9, window: '1h' },
        ],
        responseFilters: { redactFields: ['password'] },
      },
    ]),
    CALL,
  );
  expect(verdict).toEqual({
    effect: 'allow',
    filters: { redactFields: ['password'], truncateFields: [], blockPatterns: [], piiFilters: ['email'] },
    maxResponseBytes: 7,
    quotas: [
      { limit: 1, windowSeconds: 3_600, resetStrategy: 'fixed' },
      { limit: 2, windowSeconds: 86_400, resetStrategy: 'sliding' },
    ],
  });
});
