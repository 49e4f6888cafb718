import pg from 'pg';
import { WRITER_SESSION } from '#database';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { ApprovalsRepository } from '../../apps/coordinator/src/approvals/approvals.repository.js';
import type { ApprovalsPage } from '../../apps/coordinator/src/approvals/approvals.repository.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

const APPROVALS = 100_000;
const FIRST_PAGE: ApprovalsPage = {
  states: ['pending', 'approved', 'denied', 'expired', 'withdrawn'],
  owner: null,
  runId: null,
  olderThan: { createdAt: 'infinity', id: '' },
  limit: 51,
};

describe('the plan of a page of approvals, where nearly all were decided', () => {
  let home: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    home = await createTestDatabase();
    client = new pg.Client({ connectionString: home.url, options: WRITER_SESSION });
    await client.connect();
    // Rows of node runs do not matter here, and 100,000 looks for them take long.
    await home.query('alter table approvals drop constraint approvals_node_run_fkey');
    // One in 5,000 waits, the oldest of all among them; one in 500 is of the small tenant.
    await home.query(
      `insert into approvals (bucket, approval_id, run_id, node_run_id, owner, state, action, node_type_id, node_type_version,
                              requested_at, expires_at, inputs)
       select 7, 'approval_' || n, 'run_' || n / 4, 'node_run_1', case when n % 500 = 0 then 'tenant:small' else 'tenant:big' end,
              case when n % 5000 = 1 then 'pending' else 'approved' end, 'node.run.execute', 'echo', '1',
              now() - (${APPROVALS} - n) * interval '1 second', now(), '{}'
         from generate_series(1, ${APPROVALS}) n`,
    );
    await home.query('analyze approvals');
  });
  afterAll(async () => {
    await client.end();
    await home.drop();
  });

  it.each<[string, Partial<ApprovalsPage>, string[]]>([
    ['all of them', {}, ['approvals_requested']],
    ['what is pending', { states: ['pending'] }, ['approvals_pending']],
    ['what is pending of an owner', { states: ['pending'], owner: 'tenant:big' }, ['approvals_pending']],
    ['those of an owner with few', { owner: 'tenant:small' }, ['approvals_owner']],
    ['those of a run', { runId: 'run_17' }, ['approvals_run']],
    ['the next page', { olderThan: { createdAt: '2000-01-01T00:00:00.000000Z', id: 'a' } }, ['approvals_requested']],
  ])('%s: it reads hardly more rows than it gives', async (_name, filter, indexes) => {
    let plan: PlanNode | undefined;
    await new ApprovalsRepository().findPage(
      {
        query: async (text, parameters) => {
          const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
            `explain (analyze, format json) ${text}`,
            [...(parameters ?? [])],
          );
          plan = rows[0]?.['QUERY PLAN'][0].Plan;
          return [];
        },
      },
      { ...FIRST_PAGE, ...filter },
    );
    const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
    const nodes = plan === undefined ? [] : nodesOf(plan);
    expect(nodes.flatMap((node) => node['Index Name'] ?? [])).toEqual(indexes);
    const read = nodes.map((node) => node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0));
    expect(Math.max(...read)).toBeLessThan(200);
  });
});
