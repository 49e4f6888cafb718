import { readSettings } from '#config';
import { NodeRun, NodeRunList, NodeRunsCreateResponse, Run, RunList } from '#contract';
import { listen } from '#http';
import { createGateway } from '../../apps/gateway/src/gateway.app.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { call, conforming, refusal } from './http.js';
import { BINDINGS, inOneProcess } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

const ref = (node_type_id: string) => ({ node_type_id, version: '1' });

async function startRun(base: string, nodeTypeId = 'composite.plan', rest: object = {}): Promise<Run> {
  const request = { root_node_type_ref: ref(nodeTypeId), input: { goal: 'g' }, ...rest };
  return conforming(Run, await call('POST', `${base}/v1/runs`, request));
}

function startRuns(base: string, count: number, nodeTypeId?: string): Promise<Run[]> {
  return Promise.all(Array.from({ length: count }, () => startRun(base, nodeTypeId)));
}

/** Every page, one after another. */
async function runPages(base: string, query: Record<string, string>): Promise<Run[][]> {
  const pages: Run[][] = [];
  let token: string | undefined;
  do {
    const search = new URLSearchParams({ ...query, ...(token === undefined ? {} : { page_token: token }) });
    const page = conforming(RunList, await call('GET', `${base}/v1/runs?${search.toString()}`));
    pages.push(page.runs);
    token = page.pagination.next_page_token;
  } while (token !== undefined);
  return pages;
}

async function listed(base: string, query: Record<string, string>): Promise<string[]> {
  return (await runPages(base, query)).flat().map(({ run_id }) => run_id);
}

async function nodeRunPages(base: string, runId: string, query: Record<string, string>): Promise<NodeRun[][]> {
  const pages: NodeRun[][] = [];
  let token: string | undefined;
  do {
    const search = new URLSearchParams({ ...query, ...(token === undefined ? {} : { page_token: token }) });
    const url = `${base}/v1/runs/${runId}/node-runs?${search.toString()}`;
    const page = conforming(NodeRunList, await call('GET', url));
    pages.push(page.node_runs);
    token = page.pagination.next_page_token;
  } while (token !== undefined);
  return pages;
}

function ids(nodeRuns: readonly NodeRun[]): string[] {
  return nodeRuns.map(({ node_run_id }) => node_run_id);
}

async function badParameters(url: string): Promise<string[]> {
  const error = refusal(await call('GET', url), 400, 'invalid_request');
  return (error.details?.['issues'] as { path: string }[]).map(({ path }) => path);
}

/** Auto-dispatch is off, so that states change only when a test changes them. */
describe.each(BINDINGS)('listing runs, %s', (_, startSuite) => {
  let suite: SuiteUnderTest;
  let bases: string[];
  beforeAll(async () => {
    suite = await startSuite({ JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' });
    bases = [suite.gateway, suite.coordinator];
  });
  afterAll(async () => suite.stop());

  it('pages through 120 runs, newest first, while others are started', async () => {
    const old = (await startRuns(suite.gateway, 120)).map(({ run_id }) => run_id);
    for (const base of bases) {
      let paging = true;
      const others = (async () => {
        for (let count = 0; paging || count === 0; count += 4) await startRuns(suite.gateway, 4);
      })();
      const seen = await listed(base, { limit: '7' });
      paging = false;
      await others;
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((id) => old.includes(id))).toHaveLength(120);
      const stored = await suite.database.query<{ run_id: string }>(
        'select run_id from runs where run_id = any($1) order by created_at desc, run_id desc',
        [seen],
      );
      expect(seen).toEqual(stored.map(({ run_id }) => run_id));
    }
  });

  it('gives pages of the size asked for, 50 when none is, and a token on every page but the last', async () => {
    await startRuns(suite.gateway, 51, 'composite.sized');
    for (const base of bases) {
      const sizes = async (query: Record<string, string>) =>
        (await runPages(base, { node_type_id: 'composite.sized', ...query })).map(({ length }) => length);
      expect(await sizes({})).toEqual([50, 1]);
      expect(await sizes({ limit: '20' })).toEqual([20, 20, 11]);
      expect(await sizes({ limit: '17' })).toEqual([17, 17, 17]);
      expect(await sizes({ limit: '500' })).toEqual([51]);
      const nothing = await call('GET', `${base}/v1/runs?node_type_id=nobody`);
      expect(conforming(RunList, nothing)).toEqual({ runs: [], pagination: { page_size: 50 } });
    }
  });

  it('shows each run as it is when it is asked for alone', async () => {
    const run = await startRun(suite.gateway, 'composite.shown', {
      run_context: { tenant_id: 't' },
      constraints: { budgets: { max_steps: 3 } },
      extensions: { 'org.note': 1 },
    });
    for (const base of bases) {
      expect(await runPages(base, { node_type_id: 'composite.shown' })).toEqual([
        [conforming(Run, await call('GET', `${base}/v1/runs/${run.run_id}`))],
      ]);
    }
  });

  it('filters by state, one or several', async () => {
    const [queued, canceled, succeeded] = (await startRuns(suite.gateway, 3, 'composite.states')) as [Run, Run, Run];
    await call('POST', `${suite.gateway}/v1/runs/${canceled.run_id}:cancel`);
    const completion = `${suite.coordinator}/v1/node-runs/${succeeded.root_node_run_id}:complete`;
    expect((await call('POST', completion, { state: 'succeeded' })).status).toBe(204);
    for (const base of bases) {
      const of = (query: string) => call('GET', `${base}/v1/runs?node_type_id=composite.states&${query}`);
      const found = async (query: string) => conforming(RunList, await of(query)).runs.map(({ run_id }) => run_id);
      expect(await found('state=queued')).toEqual([queued.run_id]);
      expect(await found('state=failed')).toEqual([]);
      expect((await found('state=canceled,succeeded')).sort()).toEqual([canceled.run_id, succeeded.run_id].sort());
      expect((await found('state=canceled&state=queued')).sort()).toEqual([canceled.run_id, queued.run_id].sort());
    }
  });

  it('filters by the node type of the root, not of those below', async () => {
    const run = await startRun(suite.gateway, 'composite.typed');
    const children = { run_id: run.run_id, parent_node_run_id: run.root_node_run_id };
    const body = { ...children, node_runs: [{ node_type_ref: ref('atomic.below'), inputs: {} }] };
    conforming(NodeRunsCreateResponse, await call('POST', `${suite.coordinator}/v1/node-runs`, body));
    for (const base of bases) {
      expect(await listed(base, { node_type_id: 'composite.typed' })).toEqual([run.run_id]);
      expect(await listed(base, { node_type_id: 'atomic.below' })).toEqual([]);
    }
  });

  it('filters and pages by the time of creation to the microsecond', async () => {
    const runs = await startRuns(suite.gateway, 5, 'composite.timed');
    const runIds = runs.map(({ run_id }) => run_id);
    for (const [index, runId] of runIds.entries()) {
      // All within one millisecond; the last two at the same time.
      const time = `2026-01-31T12:00:00.12300${Math.min(index, 3)}Z`;
      await suite.database.query('update runs set created_at = $2::timestamptz where run_id = $1', [runId, time]);
    }
    const newestFirst = [...runIds.slice(3).sort().reverse(), runIds[2], runIds[1], runIds[0]];
    const type = { node_type_id: 'composite.timed' };
    for (const base of bases) {
      expect(await listed(base, { ...type, limit: '1' })).toEqual(newestFirst);
      const bounded = (created_after: string, created_before: string) =>
        listed(base, { ...type, created_after, created_before, limit: '1' });
      expect(await bounded('2026-01-31T12:00:00.123001Z', '2026-01-31T12:00:00.123003Z')).toEqual([
        runIds[2],
        runIds[1],
      ]);
      expect(await bounded('2026-01-31T14:00:00.1230015+02:00', '2026-01-31T12:00:00.1230021Z')).toEqual([runIds[2]]);
      expect(await listed(base, { ...type, created_after: '2026-01-31T12:00:00.123003Z' })).toEqual(
        newestFirst.slice(0, 2),
      );
      expect(await listed(base, { ...type, created_before: '2026-01-31T12:00:00.123001Z' })).toEqual([runIds[0]]);
      expect(await listed(base, { ...type, created_after: '9999-12-31T23:59:59Z' })).toEqual([]);
    }
  });

  it('refuses bad parameters, each by its name', async () => {
    for (const base of bases) {
      for (const [query, ...paths] of [
        ['state=done', 'state'],
        ['state=assigned', 'state'],
        ['created_after=yesterday', 'created_after'],
        ['created_before=2026-01-31T12:00:00', 'created_before'],
        ['created_before=2026-01-31T12:00:00+01:00', 'created_before'],
        ['limit=0', 'limit'],
        ['limit=501', 'limit'],
        ['limit=ten', 'limit'],
        ['limit=1&limit=2', 'limit'],
        ['page_token=nonsense', 'page_token'],
        ['node_type_id=%00', 'node_type_id'],
        ['stat=queued', 'stat'],
        ['state=x&limit=-1', 'state', 'limit'],
      ] as const) {
        expect([query, await badParameters(`${base}/v1/runs?${query}`)]).toEqual([query, paths]);
      }
    }
  });

  it('refuses a token with other filters, of another listing, or changed; takes it at both services', async () => {
    const [run] = (await startRuns(suite.gateway, 3, 'composite.token')) as [Run];
    const query = 'node_type_id=composite.token&limit=2';
    const first = conforming(RunList, await call('GET', `${suite.gateway}/v1/runs?${query}`));
    const token = first.pagination.next_page_token ?? '';
    for (const base of bases) {
      const other = async (rest: string) => badParameters(`${base}/v1/runs?${rest}&page_token=${token}`);
      expect(await other('limit=2')).toEqual(['page_token']);
      expect(await other(`${query}&state=queued`)).toEqual(['page_token']);
      expect(await other(`${query}&created_before=2999-01-01T00:00:00Z`)).toEqual(['page_token']);
      expect(await badParameters(`${base}/v1/runs?${query}&page_token=${token.slice(1)}`)).toEqual(['page_token']);
      const ofNodeRuns = `${base}/v1/runs/${run.run_id}/node-runs?page_token=${token}`;
      expect(await badParameters(ofNodeRuns)).toEqual(['page_token']);
      const next = `${base}/v1/runs?node_type_id=composite.token&limit=1&page_token=${token}`;
      const last = conforming(RunList, await call('GET', next));
      expect(last.pagination).toEqual({ page_size: 1 });
      expect([...first.runs, ...last.runs]).toHaveLength(3);
      expect(new Set([...first.runs, ...last.runs].map(({ run_id }) => run_id)).size).toBe(3);
    }
  });

  describe('the node runs of a run', () => {
    let run: Run;
    let children: NodeRun[];
    let grandchild: NodeRun;
    const create = async (parent: string, node_runs: object[]) =>
      conforming(
        NodeRunsCreateResponse,
        await call('POST', `${suite.coordinator}/v1/node-runs`, {
          run_id: run.run_id,
          parent_node_run_id: parent,
          node_runs,
        }),
      ).node_runs;
    const report = async (nodeRun: NodeRun | undefined, act: string, body: object) =>
      expect(
        (await call('POST', `${suite.coordinator}/v1/node-runs/${nodeRun?.node_run_id}:${act}`, body)).status,
      ).toBe(204);
    beforeAll(async () => {
      run = await startRun(suite.gateway);
      children = await create(run.root_node_run_id, [
        { node_type_ref: ref('composite.inner'), inputs: {} },
        ...Array.from({ length: 9 }, (__, n) => ({
          node_type_ref: ref('atomic.a'),
          inputs: { n },
          idempotency_key: `k${n}`,
        })),
        { node_type_ref: ref('odd.kind'), inputs: {} },
      ]);
      [grandchild] = (await create(children[0]?.node_run_id ?? '', [
        { node_type_ref: ref('atomic.b'), inputs: {} },
      ])) as [NodeRun];
      await report(children[1], 'evaluation', {
        evaluation_result: { status: 'fail' },
        recovery_action: { type: 'retry' },
      });
      await report(children[1], 'evaluation', { evaluation_result: { status: 'success' } });
      await report(children[2], 'evaluation', { evaluation_result: { status: 'unknown' } });
      await report(children[1], 'complete', { state: 'succeeded', outputs: { done: true } });
      await report(children[3], 'complete', { state: 'failed', error: { code: 'c', message: 'm' } });
    });

    it('are listed oldest first, in pages, each as it is alone', async () => {
      for (const base of bases) {
        const pages = await nodeRunPages(base, run.run_id, { limit: '5' });
        expect(pages.map(({ length }) => length)).toEqual([5, 5, 3]);
        const found = pages.flat();
        expect(found[0]?.node_run_id).toBe(run.root_node_run_id);
        expect(found.at(-1)?.node_run_id).toBe(grandchild.node_run_id);
        expect(ids(found).slice(1, 12)).toEqual(ids(children).sort());
        for (const nodeRun of found) {
          const alone = await call('GET', `${suite.coordinator}/v1/node-runs/${nodeRun.node_run_id}`);
          expect(nodeRun).toEqual(conforming(NodeRun, alone));
        }
        expect(await nodeRunPages(base, run.run_id, { limit: '1' })).toEqual(found.map((nodeRun) => [nodeRun]));
      }
    });

    it('are filtered by state, node type, parent and kind', async () => {
      for (const base of bases) {
        const found = async (query: Record<string, string>) =>
          ids((await nodeRunPages(base, run.run_id, query)).flat());
        expect(await found({ state: 'succeeded' })).toEqual([children[1]?.node_run_id]);
        expect(await found({ state: 'succeeded,failed', limit: '1' })).toEqual(
          ids([children[1], children[3]] as NodeRun[]).sort(),
        );
        expect(await found({ node_type_id: 'atomic.b' })).toEqual([grandchild.node_run_id]);
        expect(await found({ parent_node_run_id: run.root_node_run_id, limit: '4' })).toEqual(ids(children).sort());
        expect(await found({ parent_node_run_id: children[0]?.node_run_id ?? '' })).toEqual([grandchild.node_run_id]);
        expect(await found({ parent_node_run_id: 'nobody' })).toEqual([]);
        expect(await found({ kind: 'composite' })).toEqual([run.root_node_run_id, children[0]?.node_run_id]);
        expect(await found({ kind: 'atomic', node_type_id: 'atomic.b', state: 'queued' })).toEqual([
          grandchild.node_run_id,
        ]);
        // The kind of odd.kind is not known: it is of neither.
        expect((await found({ kind: 'atomic' })).length + (await found({ kind: 'composite' })).length).toBe(12);
      }
    });

    it('are not those of another run; an unknown run is 404, and bad parameters are named', async () => {
      const other = await startRun(suite.gateway);
      for (const base of bases) {
        const url = (runId: string, query = '') => `${base}/v1/runs/${runId}/node-runs${query}`;
        expect((await nodeRunPages(base, other.run_id, {})).flat()).toHaveLength(1);
        refusal(await call('GET', url('run_nobody')), 404, 'run_not_found');
        refusal(await call('GET', url('run_nobody', '?state=failed')), 404, 'run_not_found');
        expect((await nodeRunPages(base, other.run_id, { state: 'failed' })).flat()).toEqual([]);
        expect(await badParameters(url(run.run_id, '?state=done&kind=odd&limit=0&created_after=x'))).toEqual([
          'created_after',
          'state',
          'kind',
          'limit',
        ]);
        const first = conforming(NodeRunList, await call('GET', url(run.run_id, '?limit=1')));
        const token = first.pagination.next_page_token ?? '';
        expect(await badParameters(url(other.run_id, `?page_token=${token}`))).toEqual(['page_token']);
        expect(await badParameters(url(run.run_id, `?kind=atomic&page_token=${token}`))).toEqual(['page_token']);
      }
    });
  });
});

describe('listing at a gateway alone', () => {
  it('works as with a coordinator', async () => {
    const gateway = await createGateway(readSettings(gatewaySettings, { LOG_LEVEL: 'silent' }));
    const base = await listen(gateway, { host: '127.0.0.1', port: 0, portSetting: 'ARP_RUN_GATEWAY_PORT' });
    try {
      const before = new Date().toISOString();
      const old = (await startRuns(base, 30)).map(({ run_id }) => run_id);
      const first = conforming(RunList, await call('GET', `${base}/v1/runs?limit=7`));
      const typed = await startRun(base, 'composite.typed');
      const second = `${base}/v1/runs?limit=500&page_token=${first.pagination.next_page_token}`;
      const rest = conforming(RunList, await call('GET', second));
      expect(rest.pagination).toEqual({ page_size: 500 });
      const seen = [...first.runs, ...rest.runs].map(({ run_id }) => run_id);
      expect([...seen].sort()).toEqual([...old].sort());
      expect((await listed(base, { limit: '4' })).slice().sort()).toEqual([...old, typed.run_id].sort());

      expect(await listed(base, { node_type_id: 'composite.typed' })).toEqual([typed.run_id]);
      await call('POST', `${base}/v1/runs/${typed.run_id}:cancel`);
      expect(await listed(base, { state: 'canceled,failed' })).toEqual([typed.run_id]);
      expect(await listed(base, { state: 'queued', limit: '500' })).toHaveLength(30);
      expect(await listed(base, { created_after: before, limit: '500' })).toHaveLength(31);
      expect(await listed(base, { created_before: before })).toEqual([]);
      expect(await badParameters(`${base}/v1/runs?state=x`)).toEqual(['state']);
      expect(
        await badParameters(`${base}/v1/runs?state=queued&page_token=${first.pagination.next_page_token}`),
      ).toEqual(['page_token']);

      const [[root]] = (await nodeRunPages(base, typed.run_id, {})) as [[NodeRun]];
      expect(root).toMatchObject({
        node_run_id: typed.root_node_run_id,
        node_type_ref: ref('composite.typed'),
        state: 'canceled',
        inputs: { goal: 'g' },
      });
      expect(await nodeRunPages(base, typed.run_id, { state: 'queued' })).toEqual([[]]);
      expect(await nodeRunPages(base, typed.run_id, { parent_node_run_id: typed.root_node_run_id })).toEqual([[]]);
      refusal(await call('GET', `${base}/v1/runs/nobody/node-runs`), 404, 'run_not_found');
    } finally {
      await gateway.stop();
    }
  });
});

describe('JARVIS_EXTENSIONS_PREFIX', () => {
  const start = async (prefix: string) => {
    const suite = await inOneProcess({
      JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false',
      JARVIS_EXTENSIONS_PREFIX: prefix,
    });
    try {
      const constraints = { budgets: { max_steps: 3 } };
      const run = (await call<Run>('POST', `${suite.gateway}/v1/runs`, {
        root_node_type_ref: ref('composite.plan'),
        input: {},
        constraints,
      })) as { body: Run };
      const get = async (path: string) => (await call<never>('GET', `${suite.coordinator}/v1/${path}`)).body;
      const { run_id, root_node_run_id } = run.body;
      const { runs } = (await get('runs')) as RunList;
      const { node_runs } = (await get(`runs/${run_id}/node-runs`)) as NodeRunList;
      const shown = [run.body, await get(`runs/${run_id}`), runs[0], await get(`node-runs/${root_node_run_id}`)];
      return [...shown, node_runs[0]].map((object) => (object as Run | undefined)?.extensions);
    } finally {
      await suite.stop();
    }
  };

  it('is the prefix of the keys that the coordinator writes, wherever they are shown', async () => {
    const extensions = { 'org.example.constraints': { budgets: { max_steps: 3 } } };
    expect(await start('org.example.')).toEqual(Array.from({ length: 5 }, () => extensions));
  });

  it('may be empty: bare keys', async () => {
    const extensions = { constraints: { budgets: { max_steps: 3 } } };
    expect(await start('')).toEqual(Array.from({ length: 5 }, () => extensions));
  });

  it.each(['jarvis', '.', 'Jarvis.', 'a..b.', '-a.', 'a b.'])('is refused when it is %j', async (prefix) => {
    await expect(start(prefix)).rejects.toThrow('JARVIS_EXTENSIONS_PREFIX: must be empty, or lower-case words');
  });
});
