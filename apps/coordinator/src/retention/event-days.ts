import type { Partition } from '#database';

export const DAY_MS = 86_400_000;

/** A day in UTC, which has a partition of `run_events`. */
export interface EventDay {
  readonly partition: string;
  /** Inclusive. */
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
}

/** Midnight UTC of the day that `time` is in. */
export function startOfDay(time: Date): Date {
  return new Date(Math.floor(time.getTime() / DAY_MS) * DAY_MS);
}

/** The day that `now` is in and the `ahead` days after it. */
export function eventDays(now: Date, ahead: number): EventDay[] {
  const today = startOfDay(now).getTime();
  return Array.from({ length: ahead + 1 }, (_, index) => {
    const from = new Date(today + index * DAY_MS);
    const name = from.toISOString().slice(0, 10).replaceAll('-', '');
    return { partition: `run_events_p${name}`, from, to: new Date(from.getTime() + DAY_MS) };
  });
}

/** Whether a partition has a part of the day. The default partition has no range, so it never has. */
export function overlaps(partition: Partition, day: EventDay): boolean {
  if (partition.isDefault) return false;
  return (partition.from === null || partition.from < day.to) && (partition.to === null || partition.to > day.from);
}
