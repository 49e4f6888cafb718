import { NodeRun, NodeRunsCreateResponse, Run } from '#contract';
import { call, conforming, eventsOf, refusal } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { CHAOS_NODES, CHAOS_VERSION } from './chaos-pack.js';
import { startCluster } from './cluster.js';
import type { Cluster } from './cluster.js';
import { checkInvariants, describeViolations } from './invariants.js';
import { startLossyProxy } from './lossy-proxy.js';
import type { Loss, LossyProxy } from './lossy-proxy.js';
import { until } from './settling.js';

const LOSSES = ['answer', 'caller'] as const;
/** How often a request is lost before it is answered. */
const TIMES = 3;

const ref = (node_type_id: string, version = '1') => ({ node_type_id, version });

/** A coordinator behind a proxy that loses answers. */
class Lossy {
  private constructor(
    readonly cluster: Cluster,
    private readonly proxy: LossyProxy,
  ) {}

  static async start(coordinatorEnv: Readonly<Record<string, string>>): Promise<Lossy> {
    const cluster = await startCluster({ database: 'shared', coordinatorEnv });
    return new Lossy(cluster, await startLossyProxy(cluster.coordinators[0]?.url ?? ''));
  }

  /** Sends a request until it is answered, as a client does whose answers are lost. */
  async insist(loss: Loss, method: string, path: string, body?: object, headers?: Record<string, string>) {
    const before = this.proxy.lost;
    this.proxy.lose(loss, TIMES);
    for (;;) {
      const answer = await call(method, `${this.proxy.url}/v1/${path}`, body, headers).catch(() => undefined);
      if (answer === undefined) continue;
      expect(this.proxy.lost - before).toBe(TIMES);
      return answer;
    }
  }

  /** Sends a request past the proxy. */
  send(method: string, path: string, body?: object): Promise<Answer> {
    return call(method, `${this.cluster.coordinators[0]?.url}/v1/${path}`, body);
  }

  typesOf(runId: string): Promise<string[]> {
    return eventsOf(`${this.cluster.coordinators[0]?.url}/v1/runs/${runId}/events`).then((events) =>
      events.map(({ type }) => type),
    );
  }

  async stop(): Promise<void> {
    await this.proxy.close();
    await this.cluster.stop();
  }
}

describe('a write whose answer is lost, asked for again, has happened once', () => {
  let lossy: Lossy | undefined;
  const acknowledged: string[] = [];
  beforeAll(async () => {
    lossy = await Lossy.start({});
  });
  afterAll(() => lossy?.stop(), 60_000);
  const served = () => lossy as Lossy;

  async function ended(runId: string): Promise<Run> {
    let run: Run | undefined;
    await until('the run has ended', async () => {
      run = conforming(Run, await served().send('GET', `runs/${runId}`));
      return run.ended_at !== undefined;
    });
    return run as Run;
  }

  it.each(LOSSES)('a start with a run id of the caller (%s)', async (loss) => {
    const request = {
      run_id: `lost-${loss}`,
      root_node_type_ref: ref(CHAOS_NODES.irreversible, CHAOS_VERSION),
      input: { ms: 200 },
    };
    const run = conforming(Run, await served().insist(loss, 'POST', 'runs', request));
    expect(run.run_id).toBe(request.run_id);
    acknowledged.push(run.run_id);
    expect((await ended(run.run_id)).state).toBe('succeeded');
    const executions = await served().cluster.pack.executions();
    expect(executions.filter(({ nodeRunId }) => nodeRunId === run.root_node_run_id)).toHaveLength(1);
    expect((await served().typesOf(run.run_id)).filter((type) => type === 'run_started')).toHaveLength(1);
    refusal(await served().send('POST', 'runs', { ...request, input: { ms: 201 } }), 409, 'run_already_exists');
  });

  it.each(LOSSES)('a start with an Idempotency-Key (%s)', async (loss) => {
    const request = {
      root_node_type_ref: ref(CHAOS_NODES.irreversible, CHAOS_VERSION),
      input: { ms: 200, keyed: loss },
    };
    const headers = { 'idempotency-key': `key-${loss}` };
    const run = conforming(Run, await served().insist(loss, 'POST', 'runs', request, headers));
    acknowledged.push(run.run_id);
    expect((await ended(run.run_id)).state).toBe('succeeded');
    const roots = await served().cluster.query<{ node_run_id: string }>(
      `select node_run_id from node_run_inputs where inputs ->> 'keyed' = $1`,
      [loss],
    );
    expect(roots).toEqual([{ node_run_id: run.root_node_run_id }]);
  });

  it.each(LOSSES)('a cancel (%s)', async (loss) => {
    const run = conforming(
      Run,
      await served().send('POST', 'runs', {
        run_id: `canceled-${loss}`,
        root_node_type_ref: ref(CHAOS_NODES.read, CHAOS_VERSION),
        input: { ms: 60_000 },
      }),
    );
    acknowledged.push(run.run_id);
    const canceled = conforming(Run, await served().insist(loss, 'POST', `runs/${run.run_id}:cancel`));
    expect(canceled.state).toBe('canceled');
    expect((await served().typesOf(run.run_id)).filter((type) => type === 'run_completed')).toHaveLength(1);
  });

  it('breaks no invariant', async () => {
    const { databaseUrl, coordinators } = served().cluster;
    const coordinatorUrl = coordinators[0]?.url ?? '';
    expect(describeViolations(await checkInvariants(databaseUrl, acknowledged, { coordinatorUrl }))).toEqual([]);
  });
});

/** Nothing is dispatched: the test is the composite executor. */
describe('a report whose answer is lost, sent again, has happened once', () => {
  let lossy: Lossy | undefined;
  const acknowledged: string[] = [];
  const completed: string[] = [];
  beforeAll(async () => {
    lossy = await Lossy.start({ JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' });
  });
  afterAll(() => lossy?.stop(), 60_000);
  const served = () => lossy as Lossy;

  async function count(run: Run, type: string): Promise<number> {
    return (await served().typesOf(run.run_id)).filter((candidate) => candidate === type).length;
  }

  it.each(LOSSES)('an evaluation with an Idempotency-Key (%s)', async (loss) => {
    const run = conforming(
      Run,
      await served().send('POST', 'runs', {
        run_id: `evaluated-${loss}`,
        root_node_type_ref: ref('composite.plan'),
        input: {},
      }),
    );
    acknowledged.push(run.run_id);
    const report = { evaluation_result: { status: 'success', reason_code: 'checked' } };
    const headers = { 'idempotency-key': 'evaluation-1' };
    const path = `node-runs/${run.root_node_run_id}`;
    const evaluated = await served().insist(loss, 'POST', `${path}:evaluation`, report, headers);
    expect(evaluated.status).toBe(204);
    const evaluations = await count(run, 'node_evaluated');
    expect((await served().send('POST', `${path}:complete`, { state: 'succeeded' })).status).toBe(204);
    expect(evaluations).toBe(1);
  });

  it.each(LOSSES)('children with keys, and completions (%s)', async (loss) => {
    const run = conforming(
      Run,
      await served().insist(loss, 'POST', 'runs', {
        run_id: `tree-${loss}`,
        root_node_type_ref: ref('composite.plan'),
        input: {},
      }),
    );
    acknowledged.push(run.run_id);
    const create = {
      run_id: run.run_id,
      parent_node_run_id: run.root_node_run_id,
      node_runs: ['a', 'b', 'c'].map((key) => ({
        node_type_ref: ref('atomic.a'),
        inputs: { key },
        idempotency_key: key,
      })),
    };
    const { node_runs } = conforming(NodeRunsCreateResponse, await served().insist(loss, 'POST', 'node-runs', create));
    const again = conforming(NodeRunsCreateResponse, await served().send('POST', 'node-runs', create));
    const ids = node_runs.map(({ node_run_id }) => node_run_id);
    expect(again.node_runs.map(({ node_run_id }) => node_run_id)).toEqual(ids);
    const rows = await served().cluster.query<{ node_run_id: string }>(
      'select node_run_id from node_runs where parent_node_run_id = $1',
      [run.root_node_run_id],
    );
    expect(rows.map(({ node_run_id }) => node_run_id).sort()).toEqual([...ids].sort());
    expect(await count(run, 'composite_decomposed')).toBe(1);

    for (const id of ids) {
      const outcome = { state: 'succeeded', outputs: { of: id } };
      expect((await served().insist(loss, 'POST', `node-runs/${id}:complete`, outcome)).status).toBe(204);
      completed.push(id);
      refusal(
        await served().send('POST', `node-runs/${id}:complete`, { state: 'failed' }),
        409,
        'node_run_already_terminal',
      );
      expect(conforming(NodeRun, await served().send('GET', `node-runs/${id}`)).outputs).toEqual({ of: id });
    }
    const end = { state: 'succeeded', outputs: { done: true } };
    expect((await served().insist(loss, 'POST', `node-runs/${run.root_node_run_id}:complete`, end)).status).toBe(204);
    expect(conforming(Run, await served().send('GET', `runs/${run.run_id}`)).state).toBe('succeeded');
    expect(await count(run, 'run_completed')).toBe(1);
  });

  it('breaks no invariant', async () => {
    const { databaseUrl, coordinators } = served().cluster;
    const violations = await checkInvariants(databaseUrl, acknowledged, {
      coordinatorUrl: coordinators[0]?.url ?? '',
      completedByCaller: completed,
    });
    expect(describeViolations(violations)).toEqual([]);
  });
});
