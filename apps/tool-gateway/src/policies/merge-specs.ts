import { stringify } from 'safe-stable-stringify';
import { commonDomains, fewestDomains, hostNameOf } from './host-name.js';
import type { MergedGuards, MergedSpec } from './merged-spec.js';
import type { FieldTruncation, PolicyQuota, PolicySchedule, PolicySpec, TimeWindow } from './policy-spec.js';
import { scopeOfQuota } from './quota-scope.js';
import { windowSecondsOf, windowTextOf } from './quota-window.js';

const UTC = 'UTC';

/**
 * What all of the policies allow: adding one never allows more.
 *
 * @param specs as `problemsOfSpec` finds nothing wrong with
 * @returns undefined when there are none: then nothing is allowed
 * @throws Error for a spec that is not valid, rather than to allow what it may forbid
 */
export function mergeSpecs(specs: readonly PolicySpec[]): MergedSpec | undefined {
  const [first, ...rest] = specs.map(normalForm);
  return first === undefined ? undefined : rest.reduce(narrow, first);
}

/** Both together. */
export function narrow(left: MergedSpec, right: MergedSpec): MergedSpec {
  const scopes = left.scopes.filter((scope) => right.scopes.includes(scope));
  const quotas = [...left.quotas, ...right.quotas].filter(({ action }) => scopes.includes(action));
  return {
    scopes,
    intents: union(left.intents, right.intents),
    guards: narrowGuards(left.guards, right.guards),
    quotas: fewestQuotas(quotas),
    schedules: distinct([...left.schedules, ...right.schedules]),
    responseFilters: {
      redactFields: union(left.responseFilters.redactFields, right.responseFilters.redactFields),
      truncateFields: shortest([...left.responseFilters.truncateFields, ...right.responseFilters.truncateFields]),
      blockPatterns: union(left.responseFilters.blockPatterns, right.responseFilters.blockPatterns),
    },
  };
}

function normalForm(spec: PolicySpec): MergedSpec {
  const { scopes, intent, guards = {}, quotas = [], schedule, responseFilters = {} } = spec;
  const { allowedDomains, blockedDomains = [], piiFilters = [], timeWindow } = guards;
  return {
    scopes: union(scopes),
    intents: intent === undefined ? [] : [intent],
    guards: {
      ...defined({ maxRequestSize: guards.maxRequestSize, maxResponseSize: guards.maxResponseSize }),
      ...(allowedDomains === undefined ? {} : { allowedDomains: fewestDomains(allowedDomains.map(readHost)) }),
      blockedDomains: fewestDomains(blockedDomains.map(readHost)),
      piiFilters: union(piiFilters),
      timeWindows: timeWindow === undefined ? [] : [fullWindow(timeWindow)],
    },
    quotas: fewestQuotas(quotas.map((quota) => fullQuota(scopes, quota))),
    schedules: schedule === undefined || schedule.enabled === false ? [] : [fullSchedule(schedule)],
    responseFilters: {
      redactFields: union((responseFilters.redactFields ?? []).map(lowerCase)),
      truncateFields: shortest(responseFilters.truncateFields ?? []),
      blockPatterns: union((responseFilters.blockPatterns ?? []).map(lowerCase)),
    },
  };
}

function narrowGuards(left: MergedGuards, right: MergedGuards): MergedGuards {
  const allowedDomains =
    left.allowedDomains === undefined || right.allowedDomains === undefined
      ? (left.allowedDomains ?? right.allowedDomains)
      : commonDomains(left.allowedDomains, right.allowedDomains);
  return {
    ...defined({
      maxRequestSize: smaller(left.maxRequestSize, right.maxRequestSize),
      maxResponseSize: smaller(left.maxResponseSize, right.maxResponseSize),
    }),
    ...(allowedDomains === undefined ? {} : { allowedDomains }),
    blockedDomains: fewestDomains([...left.blockedDomains, ...right.blockedDomains]),
    piiFilters: union(left.piiFilters, right.piiFilters),
    timeWindows: distinct([...left.timeWindows, ...right.timeWindows]),
  };
}

function readHost(text: string): string {
  const host = hostNameOf(text);
  if (host === undefined) throw new Error(`a policy has the domain ${JSON.stringify(text)}, which is no host name`);
  return host;
}

function fullWindow({ start, end, timezone = UTC }: TimeWindow): TimeWindow {
  return { start, end, timezone };
}

function fullSchedule({ timezone = UTC, allowedDays, allowedHours }: PolicySchedule): PolicySchedule {
  return {
    enabled: true,
    timezone,
    ...(allowedDays === undefined ? {} : { allowedDays: [...new Set(allowedDays)].sort((a, b) => a - b) }),
    ...(allowedHours === undefined ? {} : { allowedHours: { start: allowedHours.start, end: allowedHours.end } }),
  };
}

function fullQuota(scopes: readonly string[], quota: PolicyQuota): Required<PolicyQuota> {
  const action = scopeOfQuota(scopes, quota.action);
  const seconds = windowSecondsOf(quota.window);
  if (action === undefined || seconds === undefined) {
    throw new Error(`a policy has a quota of ${JSON.stringify(quota.action)} that cannot be counted`);
  }
  return {
    action,
    limit: quota.limit,
    window: windowTextOf(seconds),
    resetStrategy: quota.resetStrategy ?? 'sliding',
  };
}

/** Of several for the same action, window and strategy the one with the smallest limit. */
function fewestQuotas(quotas: readonly PolicyQuota[]): PolicyQuota[] {
  return smallest(
    quotas,
    ({ action, window, resetStrategy }) => [action, window, resetStrategy],
    ({ limit }) => limit,
  );
}

function shortest(truncations: readonly FieldTruncation[]): FieldTruncation[] {
  const named = truncations.map(({ field, maxLength }) => ({ field: lowerCase(field), maxLength }));
  return smallest(
    named,
    ({ field }) => field,
    ({ maxLength }) => maxLength,
  );
}

/** Of all with the same key the one with the smallest number; sorted by key. */
function smallest<T>(all: readonly T[], keyOf: (one: T) => unknown, numberOf: (one: T) => number): T[] {
  const kept = new Map<string, T>();
  for (const one of all) {
    const key = JSON.stringify(keyOf(one));
    const known = kept.get(key);
    if (known === undefined || numberOf(one) < numberOf(known)) kept.set(key, one);
  }
  return byKey(kept);
}

function distinct<T extends object>(all: readonly T[]): T[] {
  return byKey(new Map(all.map((one) => [stringify(one), one])));
}

function byKey<T>(kept: ReadonlyMap<string, T>): T[] {
  return [...kept.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, one]) => one);
}

function union<T extends string>(...lists: readonly (readonly T[])[]): T[] {
  return [...new Set(lists.flat())].sort();
}

function smaller(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? (left ?? right) : Math.min(left, right);
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}

function defined<T extends Record<string, number | undefined>>(values: T): { [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: number;
  };
}
