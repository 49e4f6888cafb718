import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompositeBeginResponse, Health, readRequest, VersionInfo } from '#contract';
import type { CompositeBeginRequest, NodeRunsCreateRequest, NodeRunState } from '#contract';
import { startScriptedCompositeExecutor } from './scripted-composite-executor.js';
import type { ScriptedCompositeExecutor, ScriptedCompositeExecutorOptions } from './scripted-composite-executor.js';
import { spawnScriptedCompositeExecutor } from './scripted-composite-executor-process.js';

interface Child {
  readonly node_run_id: string;
  readonly inputs: Record<string, unknown>;
  state: NodeRunState;
}

/** What a coordinator does for composite executors, in memory. Children end when the test says so. */
class FakeCoordinator {
  /** `POST /v1/…` with the bearer, of every request but GETs. */
  readonly reports: { readonly line: string; readonly bearer: string | undefined; readonly body: unknown }[] = [];
  readonly children = new Map<string, Child>();
  /** Status to answer with instead, one for each coming request that is not a GET. */
  readonly failures: number[] = [];
  /** Bearers of hand-overs that are over: their reports are refused. */
  readonly superseded = new Set<string | undefined>();
  /** How many were. */
  refused = 0;
  private readonly listeners = new Set<ServerResponse>();
  private readonly events: string[] = [];
  private readonly server = createServer((request, response) => void this.serve(request, response));

  async start(): Promise<string> {
    await new Promise<void>((settle) => this.server.listen(0, '127.0.0.1', settle));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((settle) => this.server.close(settle));
  }

  end(key: string, state: NodeRunState = 'succeeded'): void {
    const child = this.children.get(key);
    if (child === undefined) throw new Error(`there is no ${key}`);
    child.state = state;
    const seq = this.events.length + 1;
    const event = { run_id: 'run_1', node_run_id: child.node_run_id, seq, type: 'atomic_executed', time: TIME };
    this.events.push(`${JSON.stringify(event)}\n`);
    for (const listener of this.listeners) listener.write(this.events.at(-1));
  }

  /** Cuts the event streams, as a coordinator that is restarted does. */
  cut(): void {
    for (const listener of this.listeners) listener.destroy();
    this.listeners.clear();
  }

  async untilReported(count: number): Promise<void> {
    while (this.reports.length < count) await new Promise((settle) => setTimeout(settle, 5));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const line = `${request.method} ${path}`;
    if (line === 'GET /v1/node-runs/node_run_1/events') {
      const cursor = Number(new URLSearchParams(query).get('cursor'));
      response
        .writeHead(200, { 'content-type': 'application/x-ndjson' })
        .write(`\n${this.events.slice(cursor).join('')}`);
      this.listeners.add(response);
    } else if (request.method === 'GET') {
      const child = [...this.children.values()].find(({ node_run_id }) => path.endsWith(`/${node_run_id}`));
      answer(response, 200, { ...NODE_RUN, ...child, outputs: null });
    } else {
      const failure = this.failures.shift();
      if (failure !== undefined) {
        return answer(response, failure, { error: { code: 'node_run_already_terminal', message: '' } });
      }
      if (this.superseded.has(request.headers.authorization)) {
        this.refused += 1;
        return answer(response, 403, { error: { code: 'assignment_mismatch', message: '' } });
      }
      const body: unknown = JSON.parse(text);
      this.reports.push({ line, bearer: request.headers.authorization, body });
      if (line === 'POST /v1/node-runs') {
        answer(response, 200, { node_runs: this.create(body as NodeRunsCreateRequest) });
      } else response.writeHead(204).end();
    }
  }

  private create({ node_runs }: NodeRunsCreateRequest): object[] {
    return node_runs.map(({ idempotency_key: key = '', inputs }) => {
      const child = this.children.get(key) ?? { node_run_id: `child_${key}`, inputs, state: 'queued' as const };
      this.children.set(key, child);
      return { ...NODE_RUN, ...child };
    });
  }
}

const TIME = '2026-01-31T12:00:00.000Z';
const NODE_RUN = { run_id: 'run_1', node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' } };

describe('the scripted composite executor', () => {
  let coordinator: FakeCoordinator;
  let endpoint: string;
  let executor: ScriptedCompositeExecutor;
  beforeEach(async () => {
    coordinator = new FakeCoordinator();
    endpoint = await coordinator.start();
  });
  afterEach(async () => {
    await executor.close().catch(() => undefined);
    await coordinator.stop();
  });

  const start = async (options: ScriptedCompositeExecutorOptions = {}) => {
    executor = await startScriptedCompositeExecutor(options);
  };
  const request = (token = 'token-1'): CompositeBeginRequest => ({
    node_run_id: 'node_run_1',
    run_id: 'run_1',
    node_type_ref: { node_type_id: 'composite.plan', version: '1' },
    inputs: { goal: 'g' },
    coordinator_endpoint: endpoint,
    assignment_token: token,
  });
  const begin = async (body: object = request()) => {
    const response = await fetch(`${executor.url}/v1/composite-node-runs:begin`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  const cancel = async () =>
    (await fetch(`${executor.url}/v1/composite-node-runs/node_run_1:cancel`, { method: 'POST' })).status;
  const childrenCreated = () => coordinator.untilReported(1);

  it.each(['follow', 'poll'] as const)(
    'creates children, waits for them (%s), evaluates and completes',
    async (wait) => {
      await start({ children: 3, wait });
      const { status, body } = await begin();
      expect(status).toBe(200);
      expect(readRequest(CompositeBeginResponse, body)).toEqual({ accepted: true });
      await childrenCreated();
      for (const key of ['step-2', 'step-1', 'step-3']) coordinator.end(key);
      expect(await executor.ended('node_run_1')).toBe('completed');
      expect(coordinator.reports).toEqual([
        {
          line: 'POST /v1/node-runs',
          bearer: 'Bearer token-1',
          body: {
            run_id: 'run_1',
            parent_node_run_id: 'node_run_1',
            node_runs: [1, 2, 3].map((step) => ({
              node_type_ref: NODE_RUN.node_type_ref,
              inputs: { goal: 'g', step },
              idempotency_key: `step-${step}`,
            })),
          },
        },
        {
          line: 'POST /v1/node-runs/node_run_1:evaluation',
          bearer: 'Bearer token-1',
          body: { evaluation_result: { status: 'success', reason_code: 'composite_evaluation' } },
        },
        {
          line: 'POST /v1/node-runs/node_run_1:complete',
          bearer: 'Bearer token-1',
          body: {
            state: 'succeeded',
            outputs: { children: [1, 2, 3].map((step) => ({ node_run_id: `child_step-${step}`, state: 'succeeded' })) },
          },
        },
      ]);
      expect(executor.begins).toEqual([request()]);
    },
  );

  it.each([
    ['failed', 'failed'],
    ['canceled', 'canceled'],
  ] as const)('a child that %s makes it %s', async (childState, state) => {
    await start();
    await begin();
    await childrenCreated();
    coordinator.end('step-1');
    coordinator.end('step-2', childState);
    expect(await executor.ended('node_run_1')).toBe('completed');
    expect(coordinator.reports.slice(1).map(({ body }) => body)).toMatchObject([
      { evaluation_result: { status: 'fail' } },
      { state, error: { code: 'child_failed' } },
    ]);
  });

  it('begun again it has one script, which goes on with the newer token', async () => {
    await start();
    await begin();
    await childrenCreated();
    expect((await begin(request('token-2'))).body).toEqual({ accepted: true });
    for (const key of ['step-1', 'step-2']) coordinator.end(key);
    await executor.ended('node_run_1');
    expect(coordinator.reports.map(({ bearer }) => bearer)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
      'Bearer token-2',
    ]);
    expect(executor.begins).toHaveLength(2);
  });

  it('refused because it is handed out again, it waits for the newer token and goes on with it', async () => {
    await start();
    await begin();
    await childrenCreated();
    coordinator.superseded.add('Bearer token-1');
    for (const key of ['step-1', 'step-2']) coordinator.end(key);
    while (coordinator.refused === 0) await new Promise((settle) => setTimeout(settle, 5));
    await begin(request('token-2'));
    expect(await executor.ended('node_run_1')).toBe('completed');
    expect(coordinator.reports.map(({ bearer }) => bearer)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
      'Bearer token-2',
    ]);
  });

  it('outlives a coordinator that answers 5xx or cuts its stream', async () => {
    await start();
    coordinator.failures.push(503, 502);
    await begin();
    await childrenCreated();
    coordinator.cut();
    for (const key of ['step-1', 'step-2']) coordinator.end(key);
    expect(await executor.ended('node_run_1')).toBe('completed');
  });

  it('a refusal of the coordinator ends the script', async () => {
    await start();
    coordinator.failures.push(409);
    await begin();
    expect(await executor.ended('node_run_1')).toMatchObject({ status: 409, code: 'node_run_already_terminal' });
    expect(coordinator.reports).toEqual([]);
  });

  it('canceled it reports nothing more, and accepts a cancel of what it does not know', async () => {
    await start();
    expect(await cancel()).toBe(204);
    await begin();
    await childrenCreated();
    expect(await cancel()).toBe(204);
    expect(await executor.ended('node_run_1')).toBe('canceled');
    coordinator.end('step-1');
    coordinator.end('step-2');
    expect(coordinator.reports).toHaveLength(1);
    expect(executor.cancels).toEqual(['node_run_1', 'node_run_1']);
  });

  it('rejects, answers 500, hangs or stalls', async () => {
    let behaviour: 'reject' | 'error' | 'hang' | 'stall' = 'reject';
    await start({ behaviour: () => behaviour });
    expect(await begin()).toMatchObject({ status: 200, body: { accepted: false } });
    behaviour = 'error';
    expect(await begin()).toMatchObject({ status: 500, body: { error: { code: 'internal_error' } } });
    behaviour = 'hang';
    const hanging = fetch(`${executor.url}/v1/composite-node-runs:begin`, {
      method: 'POST',
      body: JSON.stringify(request()),
      signal: AbortSignal.timeout(200),
    });
    await expect(hanging).rejects.toThrow('timeout');
    behaviour = 'stall';
    expect((await begin()).body).toEqual({ accepted: true });
    expect(executor.begins).toHaveLength(4);
    expect(coordinator.reports).toEqual([]);
    await cancel();
    expect(await executor.ended('node_run_1')).toBe('canceled');
  });

  it('dies in the middle, and then nobody answers', async () => {
    await start({ behaviour: 'die' });
    const { url } = executor;
    await begin();
    expect(await executor.ended('node_run_1')).toBe('abandoned');
    expect(coordinator.reports.map(({ line }) => line)).toEqual(['POST /v1/node-runs']);
    await expect(fetch(`${url}/v1/health`)).rejects.toThrow();
  });

  it('runs another script', async () => {
    await start({
      script: async (assignment) => {
        await assignment.complete({ state: 'failed', error: { code: 'no', message: 'no' } });
      },
    });
    await begin();
    expect(await executor.ended('node_run_1')).toBe('completed');
    expect(coordinator.reports.map(({ line }) => line)).toEqual(['POST /v1/node-runs/node_run_1:complete']);
  });

  it('has health and version, and refuses what is not the contract', async () => {
    await start();
    const get = async (path: string) => (await fetch(`${executor.url}${path}`)).json();
    expect(readRequest(Health, await get('/v1/health')).status).toBe('ok');
    expect(readRequest(VersionInfo, await get('/v1/version')).supported_api_versions).toEqual(['v1']);
    expect(await get('/v1/nothing')).toMatchObject({ error: { code: 'route_not_found' } });
    expect(await begin({ ...request(), constraints: null })).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request' } },
    });
    expect(executor.begins).toEqual([]);
  });

  it('in a process of its own dies by SIGKILL, and does the rest when it is back on its port', async () => {
    await start();
    const dying = await spawnScriptedCompositeExecutor({ behaviour: 'die', children: 1 });
    await post(`${dying.url}/v1/composite-node-runs:begin`, request());
    expect(await dying.ended).toBe('SIGKILL');
    expect([...coordinator.children.keys()]).toEqual(['step-1']);
    const back = await spawnScriptedCompositeExecutor({ port: Number(new URL(dying.url).port), children: 1 });
    await post(`${back.url}/v1/composite-node-runs:begin`, request('token-2'));
    coordinator.end('step-1');
    await coordinator.untilReported(4);
    expect(coordinator.children.size).toBe(1);
    expect(coordinator.reports.at(-1)).toMatchObject({ body: { state: 'succeeded' }, bearer: 'Bearer token-2' });
    expect(await (await fetch(`${back.url}/records`)).json()).toEqual({ begins: [request('token-2')], cancels: [] });
    expect(await back.stop()).toBe(0);
  });
});

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function post(url: string, body: object): Promise<void> {
  await fetch(url, { method: 'POST', body: JSON.stringify(body) });
}
