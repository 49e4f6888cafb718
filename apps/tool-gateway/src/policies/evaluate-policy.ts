import { isIP } from 'node:net';
import { timesOf, wallClockOf } from '#policy';
import type { WallClock } from '#policy';
import { hostNameOf, isWithin } from './host-name.js';
import type { MergedGuards, MergedSpec } from './merged-spec.js';
import type { PolicySchedule, TimeWindow } from './policy-spec.js';
import { windowSecondsOf } from './quota-window.js';
import type { Denial, DenialCode, EgressRules, QuotaRule, ToolCall, Verdict } from './tool-decision.js';

/** What of a call the rules look at. */
export type JudgedCall = Pick<ToolCall, 'tool' | 'action' | 'requestBytes' | 'hosts' | 'intent' | 'now'>;

type Check = (spec: MergedSpec, call: JudgedCall) => Denial | undefined;

/** In this order; the first that denies is what the caller hears. Quotas are charged later, filters look at the answer. */
const CHECKS: readonly Check[] = [checkScope, checkIntent, checkSize, checkHosts, checkTimeWindows, checkSchedules];

/**
 * Judges a call.
 *
 * @param spec of `mergeSpecs`; undefined: the agent has no policy
 */
export function evaluatePolicy(spec: MergedSpec | undefined, call: JudgedCall): Verdict {
  if (spec === undefined) {
    return deny('no_policy', 'No active policy holds for this agent, and without one nothing is allowed.');
  }
  for (const check of CHECKS) {
    const denial = check(spec, call);
    if (denial !== undefined) return denial;
  }
  const { guards, responseFilters } = spec;
  const egress = egressOf(guards);
  return {
    effect: 'allow',
    filters: { ...responseFilters, piiFilters: guards.piiFilters },
    ...(egress === undefined ? {} : { egress }),
    ...(guards.maxResponseSize === undefined ? {} : { maxResponseBytes: guards.maxResponseSize }),
    quotas: quotasOf(spec, scopeOf(call)),
  };
}

function checkScope({ scopes }: MergedSpec, call: JudgedCall): Denial | undefined {
  const scope = scopeOf(call);
  if (scopes.includes(scope)) return undefined;
  const allowed = scopes.length === 0 ? 'Nothing is.' : `Allowed: ${scopes.join(', ')}.`;
  return deny('scope_not_allowed', `The policies do not allow ${scope}. ${allowed}`);
}

function checkIntent({ intents }: MergedSpec, { intent }: JudgedCall): Denial | undefined {
  if (intents.length === 0 || (intents.length === 1 && intents[0] === intent)) return undefined;
  const demanded = intents.join(' and ');
  if (intent === undefined) return deny('intent_required', `The call must have the intent ${demanded}, and has none.`);
  return deny('intent_mismatch', `The call must have the intent ${demanded}, and has another.`);
}

function checkSize({ guards: { maxRequestSize } }: MergedSpec, { requestBytes }: JudgedCall): Denial | undefined {
  if (maxRequestSize === undefined || requestBytes <= maxRequestSize) return undefined;
  return deny('request_too_large', `The request has ${requestBytes} bytes, and may have ${maxRequestSize}.`);
}

function checkHosts({ guards: { allowedDomains, blockedDomains } }: MergedSpec, call: JudgedCall): Denial | undefined {
  if (allowedDomains === undefined && blockedDomains.length === 0) return undefined;
  for (const text of call.hosts) {
    const host = hostNameOf(text);
    if (host === undefined) return deny('domain_not_allowed', 'The parameters name a host that cannot be read.');
    if (blockedDomains.some((domain) => isWithin(host, domain))) {
      return deny('domain_blocked', `The domain ${host} is blocked.`);
    }
    if (allowedDomains?.some((domain) => isWithin(host, domain)) === false) {
      return deny('domain_not_allowed', `The domain ${host} is not among those allowed.`);
    }
  }
  return undefined;
}

function checkTimeWindows({ guards: { timeWindows } }: MergedSpec, { now }: JudgedCall): Denial | undefined {
  const closed = timeWindows.find((window) => !isOpen(window, now));
  if (closed === undefined) return undefined;
  return deny(
    'outside_time_window',
    `It is allowed from ${closed.start} to ${closed.end} (${closed.timezone ?? 'UTC'}) only.`,
  );
}

function isOpen({ start, end, timezone = 'UTC' }: TimeWindow, now: Date): boolean {
  const times = timesOf(`${start}-${end}`);
  const clock = clockIn(timezone, now);
  return clock !== undefined && times?.(clock) === true;
}

function checkSchedules({ schedules }: MergedSpec, { now }: JudgedCall): Denial | undefined {
  const closed = schedules.find((schedule) => !isScheduled(schedule, now));
  if (closed === undefined) return undefined;
  const { timezone = 'UTC', allowedDays, allowedHours } = closed;
  const days = allowedDays === undefined ? '' : ` on days ${allowedDays.join(', ')} (0 is Sunday)`;
  const hours = allowedHours === undefined ? '' : ` from ${allowedHours.start} to ${allowedHours.end} o'clock`;
  return deny('outside_schedule', `It is allowed${days}${hours} (${timezone}) only.`);
}

function isScheduled({ timezone = 'UTC', allowedDays, allowedHours }: PolicySchedule, now: Date): boolean {
  const clock = clockIn(timezone, now);
  if (clock === undefined) return false;
  // Monday is 0 of the clock.
  if (allowedDays?.includes((clock.weekday + 1) % 7) === false) return false;
  if (allowedHours === undefined) return true;
  const { start, end } = allowedHours;
  return timesOf(`${onTheHour(start)}-${onTheHour(end)}`)?.(clock) === true;
}

const MOST_ZONES = 1_000;
const zones = new Map<string, ReturnType<typeof wallClockOf>>();

/** A formatter takes long to make, and there are some hundred zones in several spellings. Undefined when there is no such zone. */
function clockIn(zone: string, now: Date): WallClock | undefined {
  const read = zones.get(zone) ?? wallClockOf(zone);
  if (zones.size < MOST_ZONES) zones.set(zone, read);
  return read?.(now.getTime());
}

function onTheHour(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}

function egressOf({ allowedDomains, blockedDomains }: MergedGuards): EgressRules | undefined {
  if (allowedDomains === undefined && blockedDomains.length === 0) return undefined;
  return {
    ...(allowedDomains === undefined ? {} : { allow: allowedDomains.flatMap(patternsOf) }),
    ...(blockedDomains.length === 0 ? {} : { block: blockedDomains.flatMap(patternsOf) }),
  };
}

/** A domain and its subdomains at any port; addresses have none. */
function patternsOf(domain: string): string[] {
  if (isIP(domain) === 6) return [`[${domain}]:*`];
  return isIP(domain) === 4 ? [`${domain}:*`] : [`${domain}:*`, `*.${domain}:*`];
}

function quotasOf({ quotas }: MergedSpec, scope: string): QuotaRule[] {
  return quotas
    .filter(({ action }) => action === scope)
    .map(({ limit, window, resetStrategy = 'sliding' }) => {
      const windowSeconds = windowSecondsOf(window);
      if (windowSeconds === undefined) throw new Error(`a policy has a quota in a window ${window}`);
      return { limit, windowSeconds, resetStrategy };
    });
}

function scopeOf({ tool, action }: JudgedCall): string {
  return `${tool}:${action}`;
}

function deny(code: DenialCode, reason: string): Denial {
  return { effect: 'deny', code, reason };
}
