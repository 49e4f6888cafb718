import { ContractViolation, readRequest } from '#contract';
import { PolicySpec } from './policy-spec.js';
import { problemsOfSpec } from './spec-problems.js';

/** What is wrong with a spec, as `<path>: <message>`: what its fields are first, and what they say only when those are right. */
function saidOf(spec: object): string[] {
  try {
    return problemsOfSpec(readRequest(PolicySpec, spec), 'spec').map(({ path, message }) => `${path}: ${message}`);
  } catch (error) {
    if (!(error instanceof ContractViolation)) throw error;
    return error.issues.map(({ path, message }) => `spec.${path}: ${message}`);
  }
}

const FULL = {
  scopes: ['http_fetch:get', 'acme.weather:now'],
  intent: 'data_collection',
  guards: {
    maxRequestSize: 10_000,
    maxResponseSize: 1_000_000,
    allowedDomains: ['company.com', '10.0.0.1', '2001:db8::1', 'bücher.example'],
    blockedDomains: [],
    piiFilters: ['email', 'phone', 'credit_card', 'ssn', 'ip_address'],
    timeWindow: { start: '22:00', end: '06:00', timezone: 'Europe/Berlin' },
  },
  quotas: [{ action: 'get', limit: 1, window: '24h', resetStrategy: 'fixed' }],
  schedule: { enabled: true, timezone: 'UTC', allowedDays: [0, 6], allowedHours: { start: 22, end: 0 } },
  responseFilters: {
    redactFields: ['password', 'user.email', 'items.*.token'],
    truncateFields: [{ field: 'body', maxLength: 0 }],
    blockPatterns: ['secret'],
  },
};

describe('a spec', () => {
  it('may have all fields, or scopes only', () => {
    expect(saidOf(FULL)).toEqual([]);
    expect(saidOf({ scopes: ['a:b'] })).toEqual([]);
  });

  it.each([
    [{}, 'spec.scopes: is required'],
    [{ scopes: [] }, 'spec.scopes: must have at least 1 item'],
    [{ scopes: ['http_fetch:*'] }, 'spec.scopes[0]: must be tool:action'],
    [{ scopes: ['a:b', 'get'] }, 'spec.scopes[1]: must be tool:action'],
    [{ colour: 1 }, 'spec.colour: is not a known property'],
    [{ guards: { http_fetch: {} } }, 'spec.guards.http_fetch: is not a known property'],
    [{ intent: ' ' }, 'spec.intent: must not be empty'],
    [{ guards: { maxRequestSize: 0 } }, 'spec.guards.maxRequestSize: must be at least 1'],
    [{ guards: { allowedDomains: ['a.com', 'https://b.com'] } }, 'spec.guards.allowedDomains[1]: must be a host name'],
    [{ guards: { allowedDomains: ['*.b.com'] } }, 'spec.guards.allowedDomains[0]: must be a host name'],
    [{ guards: { blockedDomains: ['b.com:80'] } }, 'spec.guards.blockedDomains[0]: must be a host name'],
    [{ guards: { blockedDomains: ['[::1]:80'] } }, 'spec.guards.blockedDomains[0]: must be a host name'],
    [{ guards: { piiFilters: ['passport'] } }, 'spec.guards.piiFilters[0]: must be one of email, phone'],
    [{ guards: { timeWindow: { start: '9:00', end: '17:00' } } }, 'spec.guards.timeWindow: must have start and end'],
    [{ guards: { timeWindow: { start: '09:00', end: '09:00' } } }, 'spec.guards.timeWindow: must have start and end'],
    [
      { guards: { timeWindow: { start: '09:00', end: '17:00', timezone: 'Mars/Olympus' } } },
      'spec.guards.timeWindow.timezone: must be an IANA time zone',
    ],
    [{ quotas: [{ action: 'send', limit: 1, window: '1h' }] }, 'spec.quotas[0].action: must be one of the scopes'],
    [{ quotas: [{ action: 'b:c', limit: 1, window: '1h' }] }, 'spec.quotas[0].action: must be one of the scopes'],
    [{ quotas: [{ action: 'a:b', limit: 0, window: '1h' }] }, 'spec.quotas[0].limit: must be at least 1'],
    [{ quotas: [{ action: 'a:b', limit: 1, window: '1w' }] }, 'spec.quotas[0].window: must be a number with m, h or d'],
    [{ quotas: [{ action: 'a:b', limit: 1, window: '1h', resetStrategy: 'x' }] }, 'spec.quotas[0].resetStrategy: must'],
    [{ schedule: { timezone: 'Nowhere' } }, 'spec.schedule.timezone: must be an IANA time zone'],
    [{ schedule: { allowedDays: [] } }, 'spec.schedule.allowedDays: must have at least 1 item'],
    [{ schedule: { allowedDays: [7] } }, 'spec.schedule.allowedDays[0]: must be at most 6'],
    [{ schedule: { allowedHours: { start: 24, end: 1 } } }, 'spec.schedule.allowedHours.start: must be at most 23'],
    [{ schedule: { allowedHours: { start: 0, end: 0 } } }, 'spec.schedule.allowedHours: must have two different hours'],
    [{ responseFilters: { redactFields: ['a..b'] } }, 'spec.responseFilters.redactFields[0]: must be the name'],
    [{ responseFilters: { redactFields: ['*'] } }, 'spec.responseFilters.redactFields[0]: must be the name'],
    [
      { responseFilters: { truncateFields: [{ field: '', maxLength: 1 }] } },
      'spec.responseFilters.truncateFields[0].field: must not be empty',
    ],
    [{ responseFilters: { blockPatterns: ['a', ''] } }, 'spec.responseFilters.blockPatterns[1]: must not be empty'],
    [{ responseFilters: { blockPatterns: ['a\0'] } }, 'spec.responseFilters.blockPatterns[0]: must not hold U+0000'],
    [
      { responseFilters: { blockPatterns: ['x'.repeat(501)] } },
      'spec.responseFilters.blockPatterns[0]: must have at most',
    ],
    [
      { responseFilters: { blockPatterns: Array(1_001).fill('a') } },
      'spec.responseFilters.blockPatterns: must have at most 1000 items',
    ],
  ])('%j is refused', (part, expected) => {
    const spec = 'scopes' in part || Object.keys(part).length === 0 ? part : { scopes: ['a:b'], ...part };
    expect(saidOf(spec)).toEqual([expect.stringContaining(expected)]);
  });

  it('says which scope a bare action of a quota means only when there is one', () => {
    const quotas = [{ action: 'get', limit: 1, window: '1h' }];
    expect(saidOf({ scopes: ['a:get', 'a:head'], quotas })).toEqual([]);
    expect(saidOf({ scopes: ['a:get', 'b:get'], quotas })).toHaveLength(1);
  });
});
