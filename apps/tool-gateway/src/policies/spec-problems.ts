import type { Issue } from '#contract';
import { timesOf, wallClockOf } from '#policy';
import { hostNameOf } from './host-name.js';
import type { PolicyGuards, PolicySchedule, PolicySpec, ResponseFilters } from './policy-spec.js';
import { scopeOfQuota } from './quota-scope.js';
import { windowSecondsOf } from './quota-window.js';
import { problemOfText } from './text-problem.js';

/** What is wrong with one text, to be read after its path; undefined: nothing. */
type TextCheck = (text: string) => string | undefined;

const SCOPE = /^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*:[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const MOST_ENTRIES = 1_000;
const LONGEST_TEXT = 500;
const LONGEST_ZONE = 100;

/**
 * What is wrong with a spec beyond the types of its fields.
 *
 * @param path of the spec in the request
 * @returns empty when nothing is
 */
export function problemsOfSpec(spec: PolicySpec, path: string): Issue[] {
  const { scopes, intent, guards, schedule, responseFilters } = spec;
  return [
    ...problemsOfTexts(scopes, `${path}.scopes`, problemOfScope),
    ...(intent === undefined ? [] : problemsOfText(intent, `${path}.intent`, () => undefined)),
    ...(guards === undefined ? [] : problemsOfGuards(guards, `${path}.guards`)),
    ...problemsOfQuotas(spec, `${path}.quotas`),
    ...(schedule === undefined ? [] : problemsOfSchedule(schedule, `${path}.schedule`)),
    ...(responseFilters === undefined ? [] : problemsOfFilters(responseFilters, `${path}.responseFilters`)),
  ];
}

function problemsOfGuards({ allowedDomains, blockedDomains, timeWindow }: PolicyGuards, path: string): Issue[] {
  const issues = [
    ...problemsOfTexts(allowedDomains, `${path}.allowedDomains`, problemOfDomain),
    ...problemsOfTexts(blockedDomains, `${path}.blockedDomains`, problemOfDomain),
  ];
  if (timeWindow === undefined) return issues;
  issues.push(...problemsOfZone(timeWindow.timezone, `${path}.timeWindow.timezone`));
  if (timesOf(`${timeWindow.start}-${timeWindow.end}`) === undefined) {
    const message = 'must have start and end as HH:MM, two different times; the whole day is 00:00 to 24:00';
    issues.push({ path: `${path}.timeWindow`, message });
  }
  return issues;
}

function problemsOfQuotas({ scopes, quotas = [] }: PolicySpec, path: string): Issue[] {
  if (quotas.length > MOST_ENTRIES) return [tooManyEntries(path)];
  return quotas.flatMap(({ action, window }, index) => {
    const issues: Issue[] = [];
    if (scopeOfQuota(scopes, action) === undefined) {
      const message = 'must be one of the scopes of the spec, or an action that exactly one of them has';
      issues.push({ path: `${path}[${index}].action`, message });
    }
    if (windowSecondsOf(window) === undefined) {
      const message = 'must be a number with m, h or d, such as 15m, 24h or 7d, and at most 31d';
      issues.push({ path: `${path}[${index}].window`, message });
    }
    return issues;
  });
}

function problemsOfSchedule({ timezone, allowedHours }: PolicySchedule, path: string): Issue[] {
  const issues = problemsOfZone(timezone, `${path}.timezone`);
  if (allowedHours === undefined || allowedHours.start !== allowedHours.end) return issues;
  const message = 'must have two different hours: end is exclusive, and the whole day is 0 to 24';
  return [...issues, { path: `${path}.allowedHours`, message }];
}

function problemsOfFilters({ redactFields, truncateFields = [], blockPatterns }: ResponseFilters, path: string) {
  const tooMany = truncateFields.length > MOST_ENTRIES ? [tooManyEntries(`${path}.truncateFields`)] : [];
  return [
    ...problemsOfTexts(redactFields, `${path}.redactFields`, problemOfField),
    ...tooMany,
    ...truncateFields
      .slice(0, MOST_ENTRIES)
      .flatMap(({ field }, index) => problemsOfText(field, `${path}.truncateFields[${index}].field`, problemOfField)),
    ...problemsOfTexts(blockPatterns, `${path}.blockPatterns`, () => undefined),
  ];
}

function problemsOfZone(zone: string | undefined, path: string): Issue[] {
  if (zone === undefined || (zone.length <= LONGEST_ZONE && wallClockOf(zone) !== undefined)) return [];
  return [{ path, message: 'must be an IANA time zone, such as Europe/Berlin, or UTC' }];
}

function problemsOfTexts(texts: readonly string[] = [], path: string, check: TextCheck): Issue[] {
  if (texts.length > MOST_ENTRIES) return [tooManyEntries(path)];
  return texts.flatMap((text, index) => problemsOfText(text, `${path}[${index}]`, check));
}

function problemsOfText(text: string, path: string, check: TextCheck): Issue[] {
  const message = problemOfText(text, LONGEST_TEXT) ?? check(text);
  return message === undefined ? [] : [{ path, message }];
}

function problemOfScope(text: string): string | undefined {
  return SCOPE.test(text) ? undefined : 'must be tool:action, such as http_fetch:get; there are no wildcards';
}

function problemOfDomain(text: string): string | undefined {
  const hasPort = /^[^:]*:[^:]*$|\]/.test(text);
  if (!hasPort && hostNameOf(text) !== undefined) return undefined;
  return 'must be a host name such as company.com, without scheme, port, path and wildcard; its subdomains are included';
}

function problemOfField(text: string): string | undefined {
  const parts = text.split('.');
  if (parts.every((part) => part !== '') && parts.some((part) => part !== '*')) return undefined;
  return 'must be the name of a field, or a path such as user.email or items.*.token';
}

function tooManyEntries(path: string): Issue {
  return { path, message: `must have at most ${MOST_ENTRIES} items` };
}
