import { mergeSpecs } from './merge-specs.js';
import type { MergedSpec } from './merged-spec.js';
import type { PolicySpec } from './policy-spec.js';

const BASE: PolicySpec = { scopes: ['a:get', 'a:head', 'b:get'] };

function merged(...specs: PolicySpec[]): MergedSpec {
  const result = mergeSpecs(specs);
  if (result === undefined) throw new Error('there are specs');
  return result;
}

describe('mergeSpecs', () => {
  it('of nothing is nothing', () => {
    expect(mergeSpecs([])).toBeUndefined();
  });

  it('weakness 9: narrows in everything, whichever policy comes first', () => {
    const agent: PolicySpec = {
      scopes: ['a:get', 'a:head'],
      intent: 'research',
      guards: {
        maxRequestSize: 10,
        maxResponseSize: 300,
        allowedDomains: ['Company.com', 'x.org'],
        blockedDomains: ['bad.com'],
        piiFilters: ['ssn'],
        timeWindow: { start: '09:00', end: '17:00' },
      },
      quotas: [{ action: 'get', limit: 5, window: '60m' }],
      schedule: { allowedDays: [5, 1, 1] },
      responseFilters: { redactFields: ['Token'], truncateFields: [{ field: 'body', maxLength: 10 }] },
    };
    const role: PolicySpec = {
      scopes: ['a:get', 'b:get'],
      guards: {
        maxRequestSize: 20,
        maxResponseSize: 100,
        allowedDomains: ['api.company.com'],
        blockedDomains: ['www.bad.com', 'worse.com'],
        piiFilters: ['email'],
        timeWindow: { start: '22:00', end: '10:00', timezone: 'Europe/Berlin' },
      },
      quotas: [
        { action: 'a:get', limit: 9, window: '1h', resetStrategy: 'sliding' },
        { action: 'a:get', limit: 3, window: '1h', resetStrategy: 'fixed' },
        { action: 'b:get', limit: 1, window: '1h' },
      ],
      schedule: { timezone: 'Asia/Tokyo', allowedHours: { start: 1, end: 2 } },
      responseFilters: {
        redactFields: ['token', 'password'],
        truncateFields: [{ field: 'Body', maxLength: 4 }],
        blockPatterns: ['Secret'],
      },
    };
    expect(merged(agent, role)).toEqual(merged(role, agent));
    expect(merged(agent, role)).toEqual({
      scopes: ['a:get'],
      intents: ['research'],
      guards: {
        maxRequestSize: 10,
        maxResponseSize: 100,
        allowedDomains: ['api.company.com'],
        blockedDomains: ['bad.com', 'worse.com'],
        piiFilters: ['email', 'ssn'],
        timeWindows: [
          { start: '22:00', end: '10:00', timezone: 'Europe/Berlin' },
          { start: '09:00', end: '17:00', timezone: 'UTC' },
        ],
      },
      quotas: [
        { action: 'a:get', limit: 3, window: '1h', resetStrategy: 'fixed' },
        { action: 'a:get', limit: 5, window: '1h', resetStrategy: 'sliding' },
      ],
      schedules: [
        { enabled: true, timezone: 'UTC', allowedDays: [1, 5] },
        { enabled: true, timezone: 'Asia/Tokyo', allowedHours: { start: 1, end: 2 } },
      ],
      responseFilters: {
        redactFields: ['password', 'token'],
        truncateFields: [{ field: 'body', maxLength: 4 }],
        blockPatterns: ['secret'],
      },
    });
  });

  it('of allow lists without a common domain allows no domain, which is not the same as any', () => {
    const guards = merged(
      { ...BASE, guards: { allowedDomains: ['a.com'] } },
      { ...BASE, guards: { allowedDomains: ['b.com'] } },
    ).guards;
    expect(guards.allowedDomains).toEqual([]);
    expect(merged(BASE).guards).not.toHaveProperty('allowedDomains');
  });

  it('leaves out a schedule that is not enabled', () => {
    expect(merged({ ...BASE, schedule: { enabled: false, allowedDays: [1] } }).schedules).toEqual([]);
  });

  it('refuses what is not valid, rather than to allow what it may forbid', () => {
    expect(() => mergeSpecs([{ ...BASE, guards: { blockedDomains: ['https://x'] } }])).toThrow(/no host name/);
    expect(() => mergeSpecs([{ ...BASE, quotas: [{ action: 'x:y', limit: 1, window: '1h' }] }])).toThrow(/counted/);
  });
});
