import { setTimeout as sleep } from 'node:timers/promises';
import { spawnScriptedCompositeExecutor } from '#testing';
import { CHAOS_NODES, CHAOS_VERSION } from './chaos-pack.js';
import type { Execution } from './chaos-pack.js';
import { startCluster } from './cluster.js';
import type { Cluster } from './cluster.js';
import { checkExecutions, ENDED_NODE_RUNS } from './executions.js';
import type { EndedNodeRun } from './executions.js';
import { checkInvariants, describeViolations } from './invariants.js';
import { Load } from './load.js';
import { seededRandom } from './seeded-random.js';
import { until, untilSettled } from './settling.js';

const ROUNDS = Number(process.env['ARP_CHAOS_ROUNDS'] ?? 3);
/** Started anew in each round, and once before the first. */
const RUNS_PER_ROUND = Number(process.env['ARP_CHAOS_RUNS'] ?? 150);
const SEED = Number(process.env['ARP_CHAOS_SEED'] ?? Date.now() % 1_000_000_000);

const VICTIMS = ['coordinator', 'executor', 'both', 'postgres'] as const;
type Victim = (typeof VICTIMS)[number];

/** The kill comes at any moment of a round: from its first request until after its last. */
const KILL_WITHIN_MS = 1_500;
const DOWN_AT_MOST_MS = 800;
/** Most runs that are still open when a round begins. */
const MAX_OPEN = 2 * RUNS_PER_ROUND;
const BACKLOG_TIMEOUT_MS = 120_000;

describe('kill -9 at any moment under load', () => {
  const random = seededRandom(SEED);
  let cluster: Cluster | undefined;
  let load: Load | undefined;
  /** Lives through all rounds; it repeats its reports until they are answered. */
  let composites: Awaited<ReturnType<typeof spawnScriptedCompositeExecutor>> | undefined;
  beforeAll(async () => {
    composites = await spawnScriptedCompositeExecutor({
      children: 3,
      nodeType: CHAOS_NODES.read,
      nodeVersion: CHAOS_VERSION,
      retryForMs: 600_000,
    });
    cluster = await startCluster({
      database: 'own',
      // How long executors are away depends on the machine, and here nothing may be given up for it.
      coordinatorEnv: { JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS: '1000' },
      compositeExecutorUrl: composites.url,
    });
  });
  afterAll(async () => {
    load?.stop();
    await cluster?.stop();
    await composites?.stop();
  });

  it(
    'loses no acknowledged run, repeats no completion, and leaves no orphan',
    async () => {
      const running = cluster as Cluster;
      const calls = new Load({
        coordinatorUrls: running.coordinators.map(({ url }) => url),
        random,
        prefix: `chaos-${SEED}`,
        composites: true,
      });
      load = calls;
      const kills: Record<Victim, number> = { coordinator: 0, executor: 0, both: 0, postgres: 0 };
      // What is in flight when the first round begins.
      const starts = [calls.start(RUNS_PER_ROUND)];
      const inFlight: number[] = [];
      let deck: Victim[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        // Each victim once before any comes again, so that few rounds see much.
        if (deck.length === 0) deck = random.shuffle(VICTIMS);
        const victim = deck.pop() ?? 'both';
        // Hundreds, and no more than that: otherwise the backlog grows with the rounds, and with it the time that each takes.
        await until(
          'the backlog is small enough',
          async () => (await openRuns(running)) <= MAX_OPEN,
          BACKLOG_TIMEOUT_MS,
        );
        starts.push(calls.start(RUNS_PER_ROUND));
        await sleep(random.between(0, KILL_WITHIN_MS));
        inFlight.push(await openRuns(running));
        await kill(running, victim);
        kills[victim] += 1;
        await sleep(random.between(0, DOWN_AT_MOST_MS));
        await bringBack(running, victim);
      }
      await Promise.all(starts);
      await untilSettled((statement) => running.query(statement));

      const violations = await checkInvariants(running.databaseUrl, calls.acknowledged, {
        coordinatorUrl: running.coordinators[0]?.url ?? '',
      });
      const executions = await running.pack.executions();
      const ended = await running.query<EndedNodeRun>(ENDED_NODE_RUNS);
      const wrong = checkExecutions(executions, ended);
      const lost = violations.filter(({ invariant }) => invariant === 'acknowledged_run_missing').length;
      const killed = VICTIMS.map((victim) => `${victim}=${kills[victim]}`).join(', ');
      process.stdout.write(
        `chaos: rounds=${ROUNDS} kills(${killed}) runs=${calls.acknowledged.length} lost=${lost} ` +
          `violations=${violations.length + wrong.length} seed=${SEED} open_at_kill=${inFlight.join('/')} ` +
          `repeated_starts=${calls.repeated} repeated_executions=${executions.length - distinct(executions)} ` +
          `uncertain=${ended.filter(({ error_code }) => error_code === 'execution_uncertain').length}\n`,
      );
      expect(describeViolations(violations)).toEqual([]);
      expect(wrong).toEqual([]);
      expect(calls.refused).toEqual([]);
      expect(calls.acknowledged).toHaveLength((ROUNDS + 1) * RUNS_PER_ROUND);
    },
    360_000 + ROUNDS * 30_000,
  );
});

async function openRuns(cluster: Cluster): Promise<number> {
  const [row] = await cluster.query<{ open: number }>(
    `select count(*)::int as open from runs where state in ('queued', 'running')`,
  );
  return row?.open ?? 0;
}

function distinct(executions: readonly Execution[]): number {
  return new Set(executions.map(({ nodeRunId }) => nodeRunId)).size;
}

async function kill({ coordinators, executors, postgres }: Cluster, victim: Victim): Promise<void> {
  if (victim === 'postgres') return postgres?.crash();
  const services = {
    coordinator: coordinators,
    executor: executors,
    both: [...coordinators, ...executors],
  }[victim];
  await Promise.all(services.map((service) => service.kill()));
}

async function bringBack({ coordinators, executors, postgres }: Cluster, victim: Victim): Promise<void> {
  if (victim === 'postgres') return postgres?.restart();
  const services = {
    coordinator: coordinators,
    executor: executors,
    both: [...coordinators, ...executors],
  }[victim];
  await Promise.all(services.map((service) => service.start()));
}
