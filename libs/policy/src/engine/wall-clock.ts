/** What a clock on the wall of a zone shows: minutes since midnight, and the day, 0 for Monday. */
export interface WallClock {
  readonly minute: number;
  readonly weekday: number;
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/**
 * Reads the clock of a zone; summer time is the zone's business.
 *
 * @param zone an IANA name such as `Europe/Berlin`, or `UTC`
 * @returns undefined when there is no such zone
 */
export function wallClockOf(zone: string): ((instant: number) => WallClock) | undefined {
  if (zone === 'UTC') return (instant) => clockOf(instant);
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'short',
    });
  } catch {
    return undefined;
  }
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    return {
      minute: Number(parts.hour) * 60 + Number(parts.minute),
      weekday: WEEKDAYS.findIndex((day) => day === parts.weekday?.toLowerCase()),
    };
  };
}

function clockOf(instant: number): WallClock {
  const date = new Date(instant);
  return { minute: date.getUTCHours() * 60 + date.getUTCMinutes(), weekday: (date.getUTCDay() + 6) % 7 };
}

const TIMES = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))$/;

/**
 * `09:00-17:30`: from 09:00 until just before 17:30. `22:00-06:00` goes over midnight; `24:00` is the end of the day.
 *
 * @returns undefined when the text is not that
 */
export function timesOf(text: string): ((clock: WallClock) => boolean) | undefined {
  const match = TIMES.exec(text);
  if (match === null) return undefined;
  const from = Number(match[1]) * 60 + Number(match[2]);
  const to = Number(match[3] ?? match[5]) * 60 + Number(match[4] ?? match[6]);
  if (from === to) return undefined;
  return from < to ? ({ minute }) => from <= minute && minute < to : ({ minute }) => from <= minute || minute < to;
}

/**
 * `mon`, or `mon-fri`; `sat-mon` goes over the end of the week.
 *
 * @returns undefined when the text is not that
 */
export function daysOf(text: string): ((clock: WallClock) => boolean) | undefined {
  const [first = '', last = first, ...more] = text.toLowerCase().split('-');
  const [from, to] = [first, last].map((name) => WEEKDAYS.findIndex((day) => day === name));
  if (from === undefined || to === undefined || from < 0 || to < 0 || more.length > 0) return undefined;
  return ({ weekday }) => (from <= to ? from <= weekday && weekday <= to : from <= weekday || weekday <= to);
}
