import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ErrorEnvelope } from '#contract';
import { startCluster } from './cluster.js';
import type { Cluster } from './cluster.js';
import { checkInvariants, describeViolations } from './invariants.js';
import { until, untilSettled } from './settling.js';

/** Small bounds, so that a small burst goes beyond them. */
const MAX_QUEUED_COMMANDS = 40;
const POOL_SIZE = 2;
const BURST = 400;
/** Longest wait for an answer while PostgreSQL gives none: what a caller may be left without one. */
const ANSWER_WITHIN_MS = 45_000;

interface Outcome {
  readonly runId: string;
  /** 0: the connection was lost, or nothing came in time. */
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | null;
  readonly tookMs: number;
}

describe('more work than PostgreSQL takes', () => {
  let cluster: Cluster | undefined;
  const acknowledged: string[] = [];
  beforeAll(async () => {
    cluster = await startCluster({
      database: 'own',
      coordinatorEnv: {
        ARP_DATABASE_POOL_SIZE: String(POOL_SIZE),
        JARVIS_RUN_COORDINATOR_MAX_QUEUED_COMMANDS: String(MAX_QUEUED_COMMANDS),
      },
    });
  });
  afterAll(() => cluster?.stop(), 120_000);
  const running = () => cluster as Cluster;
  const url = () => running().coordinators[0]?.url ?? '';

  /** Every test ends with a coordinator that has recovered by itself, and all that it acknowledged has come to its end. */
  afterEach(async () => {
    const { databaseUrl, query, coordinators } = running();
    await untilSettled((statement) => query(statement));
    expect(describeViolations(await checkInvariants(databaseUrl, acknowledged, { coordinatorUrl: url() }))).toEqual([]);
    expect(coordinators[0]?.output).not.toContain('unexpected error');
  });

  async function start(runId: string): Promise<Outcome> {
    const askedAt = Date.now();
    const answered = (status: number, code?: string, retryAfter: string | null = null): Outcome => ({
      runId,
      status,
      code,
      retryAfter,
      tookMs: Date.now() - askedAt,
    });
    try {
      const response = await fetch(`${url()}/v1/runs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          run_id: runId,
          root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' },
          input: { runId },
        }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const body = (await response.json()) as Partial<ErrorEnvelope>;
      if (response.status === 200) acknowledged.push(runId);
      return answered(response.status, body.error?.code, response.headers.get('retry-after'));
    } catch {
      return answered(0);
    }
  }

  function burst(prefix: string, count = BURST): Promise<Outcome>[] {
    return Array.from({ length: count }, (_, index) => start(`${prefix}-${index}`));
  }

  /** Acknowledged, or refused as the contract says. Nothing else: no 500, no connection lost, nobody left without an answer. */
  function expectProperAnswers(outcomes: readonly Outcome[]): void {
    const improper = outcomes.filter(({ status, code, retryAfter }) => {
      if (status === 200) return false;
      const isRefusal = status === 503 && (code === 'overloaded' || code === 'database_unavailable');
      return !(isRefusal && Number(retryAfter) >= 1);
    });
    expect(improper.slice(0, 5)).toEqual([]);
  }

  /** Without a restart: the same process serves again. */
  async function expectRecovery(prefix: string): Promise<void> {
    const pid = running().coordinators[0]?.pid;
    let attempt = 0;
    await until('the coordinator serves again', async () => {
      attempt += 1;
      return (await start(`${prefix}-recovered-${attempt}`)).status === 200;
    });
    expect(running().coordinators[0]?.pid).toBe(pid);
  }

  function report(name: string, outcomes: readonly Outcome[]): void {
    const counts = new Map<string, number>();
    for (const { status, code } of outcomes) {
      const key = code ?? String(status);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const slowest = Math.max(...outcomes.map(({ tookMs }) => tookMs));
    const parts = [...counts].map(([key, count]) => `${key}=${count}`).join(', ');
    process.stdout.write(`overload: ${name}: ${parts}, slowest answer ${(slowest / 1_000).toFixed(1)} s\n`);
  }

  it('answers a burst through a pool of two connections', async () => {
    const outcomes = await Promise.all(burst('burst'));
    report('burst', outcomes);
    expectProperAnswers(outcomes);
    expect(outcomes.some(({ status }) => status === 200)).toBe(true);
    await expectRecovery('burst');
  });

  it('refuses what goes beyond its queue while tables are locked, and goes on when they are free', async () => {
    const blocker = new pg.Client({ connectionString: running().databaseUrl });
    await blocker.connect();
    await blocker.query('begin');
    await blocker.query('lock table runs, node_runs, ready in access exclusive mode');
    const early = burst('locked-early', 20);
    await sleep(300);
    const pending = burst('locked');
    const refused = await first(pending, ({ status }) => status !== 200);
    expect(refused).toMatchObject({ status: 503, code: 'overloaded' });
    expect(Number(refused.retryAfter)).toBeGreaterThanOrEqual(1);
    expect((await fetch(`${url()}/v1/version`)).status).toBe(200);
    await blocker.query('commit');
    await blocker.end();
    const outcomes = await Promise.all([...early, ...pending]);
    report('locked tables', outcomes);
    expectProperAnswers(outcomes);
    // What waited within the bound was not given up.
    expect(outcomes.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    await expectRecovery('locked');
  });

  it('refuses everybody in time while PostgreSQL stands still, and recovers by itself', async () => {
    await running().postgres?.pause();
    let outcomes: Outcome[];
    try {
      const early = burst('paused-early', 20);
      await sleep(300);
      outcomes = await Promise.all([...early, ...burst('paused')]);
    } finally {
      running().postgres?.resume();
    }
    report('PostgreSQL paused', outcomes);
    expectProperAnswers(outcomes);
    expect(outcomes.map(({ status }) => status)).not.toContain(200);
    expect(outcomes.map(({ code }) => code)).toContain('overloaded');
    expect(outcomes.map(({ code }) => code)).toContain('database_unavailable');
    await expectRecovery('paused');
  });

  it('says database_unavailable while PostgreSQL is gone, and loses nothing that it had acknowledged', async () => {
    const pending = burst('crashed-before', 100);
    await first(pending, ({ status }) => status === 200);
    await running().postgres?.crash();
    const before = await Promise.all(pending);
    const during = await Promise.all(burst('crashed', 100));
    expect((await fetch(`${url()}/v1/version`)).status).toBe(200);
    await running().postgres?.restart();
    report('PostgreSQL killed', [...before, ...during]);
    expectProperAnswers([...before, ...during]);
    expect(during.map(({ status }) => status)).not.toContain(200);
    expect(during.map(({ code }) => code)).toContain('database_unavailable');
    await expectRecovery('crashed');
  });
});

/** The first outcome that is as wanted; throws when none is. */
async function first(pending: readonly Promise<Outcome>[], isWanted: (outcome: Outcome) => boolean): Promise<Outcome> {
  const wanted = new Promise<Outcome>((settle) => {
    for (const one of pending) void one.then((outcome) => (isWanted(outcome) ? settle(outcome) : undefined));
  });
  const found = await Promise.race([wanted, Promise.all(pending).then(() => undefined)]);
  if (found === undefined) throw new Error('no answer was as wanted');
  return found;
}
