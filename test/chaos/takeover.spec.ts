import { setTimeout as sleep } from 'node:timers/promises';
import { CHAOS_NODES, CHAOS_VERSION } from './chaos-pack.js';
import type { Execution } from './chaos-pack.js';
import { startCluster } from './cluster.js';
import type { Cluster } from './cluster.js';
import { checkExecutions, ENDED_NODE_RUNS } from './executions.js';
import type { EndedNodeRun } from './executions.js';
import { checkInvariants, describeViolations } from './invariants.js';
import { until, untilSettled } from './settling.js';

const PAUSE_MS = 8_000;
/** The issue demands 5 s; shared machines are given twice as long. */
const TAKEOVER_WITHIN_MS = 10_000;

/** Everything about runs that a late write could change. */
const SNAPSHOT = `
  select r.run_id, r.state, r.last_seq, r.ended_at::text as ended_at,
         array(select n.node_run_id || ' ' || n.state || ' ' || n.epoch || ' ' || coalesce(x.result_hash, '')
                 from node_runs n left join node_run_results x on x.bucket = n.bucket and x.node_run_id = n.node_run_id
                where n.bucket = r.bucket and n.run_id = r.run_id order by n.node_run_id) as node_runs,
         array(select e.seq || ' ' || e.type || ' ' || e.time || ' ' || coalesce(e.data::text, '')
                 from run_events e where e.bucket = r.bucket and e.run_id = r.run_id order by e.seq) as events
    from runs r where r.root_node_run_id = any($1) order by r.run_id`;

describe('two coordinators on one database, each with an executor', () => {
  let cluster: Cluster | undefined;
  const acknowledged: string[] = [];
  beforeAll(async () => {
    cluster = await startCluster({
      database: 'shared',
      coordinators: 2,
      coordinatorEnv: { JARVIS_RUN_COORDINATOR_MAX_IN_FLIGHT: '16' },
    });
  });
  afterAll(() => cluster?.stop(), 120_000);
  afterEach(async () => {
    const { databaseUrl, coordinators, query, pack } = running();
    await untilSettled((statement) => query(statement));
    const coordinatorUrl = coordinators[1]?.url ?? '';
    expect(describeViolations(await checkInvariants(databaseUrl, acknowledged, { coordinatorUrl }))).toEqual([]);
    expect(checkExecutions(await pack.executions(), await query<EndedNodeRun>(ENDED_NODE_RUNS))).toEqual([]);
  });

  const running = () => cluster as Cluster;
  const first = () => ({ coordinator: running().coordinators[0]!, executor: running().executors[0]! });
  const second = () => ({ coordinator: running().coordinators[1]!, executor: running().executors[1]! });

  /** Starts `count` runs at one coordinator. @returns the ids of their node runs */
  async function start(
    url: string,
    prefix: string,
    count: number,
    node: keyof typeof CHAOS_NODES,
    ms: number,
    againMs?: number,
  ) {
    const started = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const response = await fetch(`${url}/v1/runs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            run_id: `${prefix}-${node}-${index}`,
            root_node_type_ref: { node_type_id: CHAOS_NODES[node], version: CHAOS_VERSION },
            input: { ms, ...(againMs === undefined ? {} : { again_ms: againMs }) },
          }),
        });
        expect(response.status).toBe(200);
        return (await response.json()) as { run_id: string; root_node_run_id: string };
      }),
    );
    acknowledged.push(...started.map(({ run_id }) => run_id));
    return started.map(({ root_node_run_id }) => root_node_run_id);
  }

  /** Executions of these node runs, of one executor if that is given. */
  async function executionsOf(nodeRunIds: readonly string[], pid?: number): Promise<Execution[]> {
    const all = await running().pack.executions();
    return all.filter((one) => nodeRunIds.includes(one.nodeRunId) && (pid === undefined || one.pid === pid));
  }

  async function statesOf(nodeRunIds: readonly string[]): Promise<string[]> {
    const rows = await running().query<{ end: string }>(
      `select distinct n.state || coalesce(' ' || (x.error ->> 'code'), '') as end
         from node_runs n left join node_run_results x on x.bucket = n.bucket and x.node_run_id = n.node_run_id
        where n.node_run_id = any($1) order by 1`,
      [nodeRunIds],
    );
    return rows.map(({ end }) => end);
  }

  /** The processes whose results were kept. */
  async function resultsBy(nodeRunIds: readonly string[]): Promise<number[]> {
    const rows = await running().query<{ pid: number }>(
      `select distinct (outputs ->> 'pid')::int as pid from node_run_results where node_run_id = any($1)`,
      [nodeRunIds],
    );
    return rows.map(({ pid }) => pid);
  }

  it('share the work', async () => {
    const ids = await start(first().coordinator.url, 'share', 80, 'read', 400);
    await untilSettled((statement) => running().query(statement));
    const [one, two] = await Promise.all([
      executionsOf(ids, first().executor.pid),
      executionsOf(ids, second().executor.pid),
    ]);
    process.stdout.write(`takeover: of ${ids.length} runs the coordinators executed ${one.length} and ${two.length}\n`);
    expect(one.length).toBeGreaterThan(0);
    expect(two.length).toBeGreaterThan(0);
    expect(one.length + two.length).toBe(ids.length);
    expect(await statesOf(ids)).toEqual(['succeeded']);
  });

  it('take over what one held that was killed', async () => {
    const victim = first();
    const reads = await start(victim.coordinator.url, 'kill', 8, 'read', 4_000);
    const irreversible = await start(victim.coordinator.url, 'kill', 3, 'irreversible', 4_000);
    await until(
      'the node runs are executed',
      async () => (await executionsOf([...reads, ...irreversible])).length === 11,
    );
    // What the other took by itself is not the victim's to lose.
    const heldBy = async (ids: readonly string[]) =>
      (await executionsOf(ids, victim.executor.pid)).map(({ nodeRunId }) => nodeRunId);
    const [heldReads, heldIrreversible] = await Promise.all([heldBy(reads), heldBy(irreversible)]);
    expect(heldReads.length).toBeGreaterThan(0);
    expect(heldIrreversible.length).toBeGreaterThan(0);

    await victim.coordinator.kill();
    const killedAt = Date.now();
    const takenOver = () => executionsOf(heldReads, second().executor.pid);
    await until(
      'the work of the killed coordinator runs elsewhere',
      async () => (await takenOver()).length >= heldReads.length,
      TAKEOVER_WITHIN_MS,
    );
    const tookMs = Math.max(...(await takenOver()).map(({ startedAt }) => startedAt - killedAt));
    process.stdout.write(`takeover: ${(tookMs / 1_000).toFixed(1)} s\n`);

    await untilSettled((statement) => running().query(statement));
    expect(await statesOf(reads)).toEqual(['succeeded']);
    expect(await statesOf(heldIrreversible)).toEqual(['failed execution_uncertain']);
    expect(await executionsOf(heldIrreversible)).toHaveLength(heldIrreversible.length);
    await victim.coordinator.start();
  });

  it('fence one that was paused: its late writes change nothing, and then it serves again', async () => {
    const victim = first();
    const url = victim.coordinator.url;
    // Some are done elsewhere when the victim wakes with their results; some are still worked on there, under a later epoch.
    const quick = await start(url, 'pause', 5, 'read', 2_500);
    const slow = await start(url, 'pause-long', 5, 'read', 2_500, 9_000);
    const irreversible = await start(url, 'pause', 3, 'irreversible', 2_500);
    const all = [...quick, ...slow, ...irreversible];
    await until('the node runs are executed', async () => (await executionsOf(all)).length === all.length);
    const held = (await executionsOf(all, victim.executor.pid)).map(({ nodeRunId }) => nodeRunId);
    const [heldQuick, heldSlow] = [quick, slow].map((ids) => ids.filter((id) => held.includes(id)));
    expect(heldQuick).not.toEqual([]);
    expect(heldSlow).not.toEqual([]);

    victim.coordinator.pause();
    const pausedAt = Date.now();
    const heldReads = [...heldQuick!, ...heldSlow!];
    await until(
      'the work of the paused coordinator runs elsewhere',
      async () => (await executionsOf(heldReads, second().executor.pid)).length >= heldReads.length,
      TAKEOVER_WITHIN_MS,
    );
    const isDone = async (ids: readonly string[], pid: number) =>
      (await executionsOf(ids, pid)).every(({ endedAt }) => endedAt !== undefined);
    await until('what is quick is done elsewhere', () => isDone(heldQuick!, second().executor.pid));
    await until('it has ended', async () => (await statesOf(quick)).join() === 'succeeded');
    // Its executor has answered meanwhile: the results wait in its sockets, to be written when it wakes.
    expect(await isDone(held, victim.executor.pid)).toBe(true);
    await sleep(Math.max(0, pausedAt + PAUSE_MS - Date.now()));
    const before = await running().query<object>(SNAPSHOT, [heldQuick]);
    const stillRunning = (await executionsOf(heldSlow!, second().executor.pid)).filter(
      (one) => one.endedAt === undefined,
    );
    victim.coordinator.resume();

    let round = 0;
    await until('the woken coordinator executes again', async () => {
      round += 1;
      const ids = await start(url, `woken-${round}`, 4, 'read', 50);
      await until('they have ended', async () => (await statesOf(ids)).join() === 'succeeded');
      return (await executionsOf(ids, victim.executor.pid)).length > 0;
    });
    await untilSettled((statement) => running().query(statement));
    expect(await running().query<object>(SNAPSHOT, [heldQuick])).toEqual(before);
    expect(await statesOf(quick)).toEqual(['succeeded']);
    expect(await statesOf(slow)).toEqual(['succeeded']);
    expect(await resultsBy(heldReads)).toEqual([second().executor.pid]);
    process.stdout.write(
      `takeover: ${stillRunning.length} node runs were worked on elsewhere when the paused one woke\n`,
    );
    expect(stillRunning.length).toBeGreaterThan(0);
  });
});
