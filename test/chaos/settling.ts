import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 200;
/** Something may move for ever without coming to its end. */
const SETTLE_AT_MOST_MS = 240_000;

type Query = <Row extends object>(statement: string) => Promise<Row[]>;

/**
 * Waits until every run has ended. Gives up only when nothing at all has moved for `patienceMs`: a slow machine is no failure. What is
 * open then, `checkInvariants` names.
 *
 * @returns whether every run has ended
 */
export async function untilSettled(query: Query, patienceMs = 60_000): Promise<boolean> {
  let seen = '';
  const giveUpAt = Date.now() + SETTLE_AT_MOST_MS;
  for (let movedAt = Date.now(); Date.now() - movedAt < patienceMs && Date.now() < giveUpAt;) {
    const progress = await look(query).catch(() => undefined);
    if (progress?.open === 0) return true;
    const now = JSON.stringify(progress);
    if (progress !== undefined && now !== seen) {
      seen = now;
      movedAt = Date.now();
    }
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

/** Every step of a run writes an event. */
async function look(query: Query): Promise<{ open: number; events: string } | undefined> {
  const [row] = await query<{ open: number; events: string }>(
    `select count(*) filter (where state not in ('succeeded', 'failed', 'canceled'))::int as open,
            coalesce(sum(last_seq), 0)::text as events
       from runs`,
  );
  return row;
}

/** Waits until `holds`; throws with `what` when it does not within `timeoutMs`. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
  everyMs = 50,
): Promise<void> {
  for (const giveUpAt = Date.now() + timeoutMs; !(await holds());) {
    if (Date.now() >= giveUpAt) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(everyMs);
  }
}
