import pg from 'pg';
import { INVARIANTS } from './invariant-statements.js';
import type { InvariantName } from './invariant-statements.js';

/** Something that must never be, with the ids to look for. */
export interface Violation {
  readonly invariant: InvariantName | 'acknowledged_run_missing' | 'served_run_differs' | 'served_events_differ';
  readonly runId: string;
  readonly nodeRunId?: string;
  /** What is there. */
  readonly detail: string;
}

export interface CheckOptions {
  /** False while work is still going on: open runs are no violation then. Default true. */
  readonly settled?: boolean;
  /** Atomic node runs that the caller completed by hand: no executor has worked on them. */
  readonly completedByCaller?: readonly string[];
  /** Base URL of a coordinator: what it serves is compared with the tables, for at most 200 of the acknowledged runs. */
  readonly coordinatorUrl?: string;
}

const SERVED_AT_MOST = 200;
const AT_ONCE = 8;

/**
 * Looks for everything that lifecycle.md rules out, in all runs of a database at one moment.
 *
 * @param acknowledgedRunIds runs whose start was answered with 200
 * @returns the violations; none when all is well
 */
export async function checkInvariants(
  databaseUrl: string,
  acknowledgedRunIds: readonly string[],
  options: CheckOptions = {},
): Promise<Violation[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin transaction isolation level repeatable read read only');
    const violations = [
      ...(await missing(client, acknowledgedRunIds)),
      ...(await violationsInTables(client, options)),
      ...(options.coordinatorUrl === undefined
        ? []
        : await violationsInAnswers(client, options.coordinatorUrl, acknowledgedRunIds)),
    ];
    await client.query('commit');
    return violations;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** One line per violation, for the message of a failing test. */
export function describeViolations(violations: readonly Violation[]): string[] {
  return violations.map(({ invariant, runId, nodeRunId, detail }) =>
    [invariant, runId, nodeRunId, detail].filter((part) => part !== undefined).join(' '),
  );
}

async function missing(client: pg.Client, runIds: readonly string[]): Promise<Violation[]> {
  const { rows } = await client.query<{ run_id: string }>(
    `select run_id from unnest($1::text[]) as acknowledged (run_id)
      where not exists (select 1 from runs r where r.run_id = acknowledged.run_id)`,
    [runIds],
  );
  return rows.map(({ run_id }) => ({
    invariant: 'acknowledged_run_missing',
    runId: run_id,
    detail: 'was answered with 200 and is not there',
  }));
}

async function violationsInTables(client: pg.Client, options: CheckOptions): Promise<Violation[]> {
  const { settled = true, completedByCaller = [] } = options;
  const violations: Violation[] = [];
  for (const { invariant, tables, onlySettled = false, statement } of INVARIANTS) {
    if ((onlySettled && !settled) || !(await haveTables(client, tables ?? []))) continue;
    const { rows } = await client.query<{ run_id: string; node_run_id: string | null; detail: string }>(statement);
    for (const { run_id, node_run_id, detail } of rows) {
      if (invariant === 'succeeded_without_execution' && completedByCaller.includes(node_run_id ?? '')) continue;
      violations.push({
        invariant,
        runId: run_id,
        ...(node_run_id === null ? {} : { nodeRunId: node_run_id }),
        detail,
      });
    }
  }
  return violations;
}

/** A database of an older version lacks some. */
async function haveTables(client: pg.Client, tables: readonly string[]): Promise<boolean> {
  const { rows } = await client.query<{ missing: number }>(
    'select count(*)::int as missing from unnest($1::text[]) as t (name) where to_regclass(name) is null',
    [tables],
  );
  return rows[0]?.missing === 0;
}

async function violationsInAnswers(client: pg.Client, url: string, runIds: readonly string[]): Promise<Violation[]> {
  const step = Math.max(1, Math.ceil(runIds.length / SERVED_AT_MOST));
  const looked = runIds.filter((_, index) => index % step === 0);
  const { rows } = await client.query<{ run_id: string; state: string; events: string[] }>(
    `select r.run_id, r.state,
            array(select e.seq || ' ' || e.type from run_events e
                   where e.bucket = r.bucket and e.run_id = r.run_id order by e.seq) as events
       from runs r where r.run_id = any($1)`,
    [looked],
  );
  const violations: Violation[] = [];
  const queue = [...rows];
  const worker = async () => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift()) violations.push(...(await compare(url, row)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return violations;
}

async function compare(
  url: string,
  { run_id: runId, state, events }: { run_id: string; state: string; events: readonly string[] },
): Promise<Violation[]> {
  const violations: Violation[] = [];
  const run = await fetch(`${url}/v1/runs/${runId}`);
  const served = run.ok ? ((await run.json()) as { state: string }).state : String(run.status);
  if (served !== state) {
    violations.push({ invariant: 'served_run_differs', runId, detail: `${served} is served, ${state} is stored` });
  }
  const stream = await fetch(`${url}/v1/runs/${runId}/events`, { headers: { accept: 'application/x-ndjson' } });
  const lines = (await stream.text()).split('\n').filter((line) => line !== '');
  const streamed = stream.ok
    ? lines.map((line) => JSON.parse(line) as { seq: number; type: string }).map(({ seq, type }) => `${seq} ${type}`)
    : [String(stream.status)];
  if (streamed.join() !== events.join()) {
    const detail = `served: ${streamed.join(', ')}; stored: ${events.join(', ')}`;
    violations.push({ invariant: 'served_events_differ', runId, detail });
  }
  return violations;
}
