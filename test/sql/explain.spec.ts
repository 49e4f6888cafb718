import pg from 'pg';
import { WRITER_SESSION } from '#database';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { hotStatements } from './statements.js';

/** The parts of a plan as EXPLAIN (FORMAT JSON) gives it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

const RUNS = 20_000;
const nodesOf = (plan: PlanNode): PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

describe('the plans of the hot statements', () => {
  let home: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    home = await createTestDatabase();
    client = new pg.Client({ connectionString: home.url, options: WRITER_SESSION });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await home.drop();
  });

  const found = hotStatements().filter(([, { text }]) => !text.startsWith('insert'));

  async function scansOf(): Promise<{ name: string; scan: PlanNode }[]> {
    const scans: { name: string; scan: PlanNode }[] = [];
    for (const [name, { text, parameters }] of found) {
      const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
        `explain (format json, costs off) ${text}`,
        [...parameters],
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      for (const scan of plan === undefined ? [] : nodesOf(plan)) {
        if (scan['Relation Name'] !== undefined && scan['Node Type'] !== 'ModifyTable') scans.push({ name, scan });
      }
    }
    return scans;
  }

  it('are made for each execution, of the tables as they are then', async () => {
    const { rows } = await client.query<{ plan_cache_mode: string }>('show plan_cache_mode');
    expect(rows[0]?.plan_cache_mode).toBe('force_custom_plan');
  });

  it('on full tables every statement finds each row by bucket and id', async () => {
    // Not in a writer's session: on a busy machine this takes longer than a command may.
    await home.query(
      `with filled as (
         insert into runs (bucket, run_id, state, root_node_run_id, last_seq, created_at)
         select n % 256, 'run_' || n, 'queued', 'node_run_' || n, 1, now() from generate_series(1, ${RUNS}) n
         returning bucket, run_id, root_node_run_id)
       , node_runs_filled as (
         insert into node_runs (bucket, node_run_id, run_id, node_type_id, node_type_version, state, depth, epoch, created_at)
         select bucket, root_node_run_id, run_id, 'echo', '1', 'queued', 0, 0, now() from filled)
       , ready_filled as (
         insert into ready select bucket, root_node_run_id, run_id, '', now() from filled)
       , leases_filled as (
         insert into leases select bucket, root_node_run_id, run_id, '', 1, true from filled)
       , approvals_filled as (
         insert into approvals (bucket, approval_id, run_id, node_run_id, state, action, node_type_id, node_type_version,
                                requested_at, expires_at, inputs)
         select bucket, 'approval_' || run_id, run_id, root_node_run_id, 'pending', 'run.start', 'echo', '1', now(), now(), '{}'
           from filled)
       insert into timers select bucket, run_id, '', 'run_deadline', now(), 0 from filled`,
    );
    await home.query('analyze');
    const scans = await scansOf();
    expect(scans.length).toBeGreaterThanOrEqual(found.length);
    for (const { name, scan } of scans) {
      expect([name, scan['Node Type']]).toEqual([name, expect.stringMatching(/^Index (Only )?Scan$/)]);
      expect([name, scan['Index Cond']]).toEqual([name, expect.stringMatching(/bucket = .*(run_id|approval_id) = /)]);
    }
    const lines = scans.map(({ name, scan }) => `${name}: ${scan['Relation Name']} by ${scan['Index Name']}`);
    console.log(`plans, one bucket for each row:\n${[...new Set(lines)].join('\n')}`);
  });
});
