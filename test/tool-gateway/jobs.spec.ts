import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#contract';
import type { RequestContext, RunsApi } from '#contract';
import { call } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { flatError, ToolSuite } from './tool-suite.js';
import type { CallingAgent, ToolCall } from './tool-suite.js';

interface Job {
  readonly job_id: string;
  readonly status: string;
  readonly result?: Record<string, unknown>;
  readonly error?: string;
  readonly code?: string;
  readonly created_at: string;
  readonly finished_at?: string;
}

/** What the tests do, at a suite; with its agent and gateway where they name no other. */
function actsOn(suite: ToolSuite, agent: () => CallingAgent, gateway: () => string) {
  const submit = async (key: string, rest: ToolCall = {}, who = agent(), at = gateway()): Promise<string> => {
    const answer = await suite.call<Job>(at, who, key, { ...rest, rest: { async: true } });
    expect(answer).toMatchObject({ status: 202, body: { job_id: expect.stringMatching(/^job_/), status: 'queued' } });
    return answer.body.job_id;
  };
  const read = (id: string, who: CallingAgent | undefined = agent(), at = gateway()): Promise<Answer<Job>> =>
    call<Job>('GET', `${at}/api/jobs/${id}`, undefined, who && { authorization: `Bearer ${who.token}` });
  const ended = async (id: string, at = gateway()): Promise<Job> => {
    for (;;) {
      const { status, body } = await read(id, agent(), at);
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      if (body.finished_at !== undefined) return body;
      await sleep(20);
    }
  };
  return { submit, read, ended };
}

describe('asynchronous calls', () => {
  const suite = new ToolSuite();
  let gateway: string;
  let agent: CallingAgent;
  beforeAll(async () => {
    await suite.start();
    gateway = await suite.gateway({ JARVIS_TOOL_LEGACY_MINTING: 'true' });
    agent = await suite.agent(gateway);
  });
  afterAll(() => suite.stop());

  const { submit, read, ended } = actsOn(
    suite,
    () => agent,
    () => gateway,
  );

  it('are queued, running and done, once', async () => {
    const release = suite.upstream.hold('slowly', { status: 200, body: { a: 1 } });
    const id = await submit('slowly', { action: 'send' });
    const seen = new Set<string>();
    let job: Job;
    do {
      job = (await read(id)).body;
      seen.add(job.status);
      if (job.status === 'running') release();
    } while (job.finished_at === undefined);
    expect([...seen].filter((status) => !['queued', 'running', 'done'].includes(status))).toEqual([]);
    expect(seen.has('running')).toBe(true);
    expect(job).toEqual({
      job_id: id,
      status: 'done',
      result: { a: 1 },
      created_at: expect.any(String),
      finished_at: expect.any(String),
    });
    expect((await read(id)).body).toEqual(job);
    expect(suite.upstream.count('slowly')).toBe(1);
  });

  it('are runs of the coordinator with the same id', async () => {
    const id = await submit('run');
    await ended(id);
    const rows = await suite.database.query('select state from runs where run_id = $1', [id]);
    expect(rows).toEqual([{ state: 'succeeded' }]);
    expect(await suite.database.query('select due_at, request from tool_jobs where job_id = $1', [id])).toEqual([
      { due_at: null, request: null },
    ]);
  });

  it.each([
    ['city_unknown', 'tool_params_invalid'],
    ['outcome_unknown', 'tool_outcome_unknown'],
    ['http_unreachable', 'tool_outcome_unknown'],
    ['credential_missing', 'tool_not_configured'],
  ])('fail with a text and a code, when the node fails with %s', async (nodeError, code) => {
    const job = await ended(await submit('', { tool: 'test.fails', action: 'with', params: { code: nodeError } }));
    expect(job).toMatchObject({ status: 'failed', code, error: expect.any(String) });
    expect(job.result).toBeUndefined();
    expect(JSON.stringify(job)).not.toContain('s3cret');
  });

  it('go through the checks of every call', async () => {
    const refused = (rest: ToolCall, who = agent) => suite.call(gateway, who, 'x', { ...rest, rest: { async: true } });
    flatError(await refused({ params: { other: 1 } }), 400, 'tool_params_invalid');
    flatError(await refused({ tool: 'nothing' }), 400, 'unknown_tool');
    const narrow = await suite.agent(gateway, { scopes: ['test.other:read'] });
    flatError(await refused({}, narrow), 403, 'tool_policy_denied');
    const spec = { quotas: [{ action: 'test.up:read', limit: 1, window: '1h' }] };
    const limited = await suite.agent(gateway, { spec });
    await submit('x', {}, limited);
    flatError(await refused({}, limited), 429, 'tool_quota_exceeded');
  });

  it('have their answers filtered as policies were when the call was let through', async () => {
    suite.upstream.script('filtered', { status: 200, body: { token: 's3cret', more: 'x'.repeat(100) } });
    const redacting = await suite.agent(gateway, { spec: { responseFilters: { redactFields: ['token', 'more'] } } });
    const small = await suite.agent(gateway, { spec: { guards: { maxResponseSize: 20 } } });
    const [redacted, blocked] = [await submit('filtered', {}, redacting), await submit('filtered', {}, small)];
    expect((await untilEnded(redacted, redacting)).result).toEqual({ token: '[REDACTED]', more: '[REDACTED]' });
    expect(await untilEnded(blocked, small)).toMatchObject({ status: 'failed', code: 'tool_response_blocked' });
    const rows = await suite.database.query('select result from tool_jobs where job_id = any($1)', [
      [redacted, blocked],
    ]);
    expect(JSON.stringify(rows)).not.toContain('s3cret');
  });
  const untilEnded = async (id: string, who: CallingAgent): Promise<Job> => {
    let job: Job;
    do job = (await read(id, who)).body;
    while (job.finished_at === undefined);
    return job;
  };

  it('are readable by the agent that made them alone', async () => {
    const id = await submit('mine');
    await ended(id);
    const other = await suite.agent(gateway);
    flatError(await read(id, other), 404, 'job_not_found');
    flatError(await read('job_nothing'), 404, 'job_not_found');
    flatError(await read('job_%00'), 404, 'job_not_found');
    const strict = await suite.gateway({ JARVIS_TOOL_LEGACY_MINTING: 'false' });
    expect((await read(id, agent, strict)).status).toBe(200);
    flatError(await call('GET', `${strict}/api/jobs/${id}`), 401, 'agent_token_invalid');
    // As clients of the original gateway ask, where that is allowed.
    expect((await call('GET', `${gateway}/api/jobs/${id}`)).status).toBe(200);
    flatError(await read(id, { id: '', token: 'a.b' }), 401, 'agent_token_invalid');
  });

  it('of an agent that is not active any more are readable to nobody', async () => {
    const leaving = await suite.agent(gateway);
    const id = await submit('left', {}, leaving);
    await untilEnded(id, leaving);
    await call('PATCH', `${gateway}/api/agents/${leaving.id}`, { status: 'inactive' });
    flatError(await read(id, leaving), 403, 'agent_inactive');
    flatError(await call('GET', `${gateway}/api/jobs/${id}`), 404, 'job_not_found');
  });

  it('of an agent that was stopped before they were handed over are failed, and do nothing', async () => {
    const stopped = await suite.agent(gateway);
    await call('PATCH', `${gateway}/api/agents/${stopped.id}`, { status: 'inactive' });
    const id = `job_${randomUUID()}`;
    const [nodeType] =
      (await suite.executor.listNodeTypes({ signal: new AbortController().signal } as RequestContext)) ?? [];
    const request = {
      run_id: id,
      root_node_type_ref: { node_type_id: 'test.up.send', version: nodeType?.version },
      input: { url: suite.upstream.url, key: 'stopped' },
    };
    await suite.database.query(
      `insert into tool_jobs (job_id, agent_id, tool, action, correlation_id, request, response_rules, state, due_at, attempts, created_at)
       values ($1, $2, 'test.up', 'send', 'c', to_jsonb($3::text), to_jsonb('{}'::text), 'queued', now(), 0, now())`,
      [id, stopped.id, JSON.stringify(request)],
    );
    const rows = () =>
      suite.database.query('select error_code from tool_jobs where job_id = $1 and due_at is null', [id]);
    while ((await rows()).length === 0) await sleep(20);
    expect(await rows()).toEqual([{ error_code: 'agent_inactive' }]);
    expect(suite.upstream.count('stopped')).toBe(0);
  });

  it('with an answer that is nested too deep are failed', async () => {
    suite.upstream.script('deep', { status: 200, body: nested(600) });
    expect(await ended(await submit('deep', { action: 'send' }))).toMatchObject({
      status: 'failed',
      code: 'tool_response_blocked',
    });
  });

  it('need a coordinator', async () => {
    const lone = await suite.lonelyGateway();
    flatError(await suite.call(lone, agent, 'x', { rest: { async: true } }), 503, 'jobs_unconfigured');
    expect((await suite.call(lone, agent, 'x')).status).toBe(200);
  });
});

/** Each has a database of its own: every gateway on a database hands over all jobs of it, and these have strange coordinators. */
describe('asynchronous calls, whatever the coordinator does,', () => {
  let suite: ToolSuite;
  let gateway: string;
  let agent: CallingAgent;
  beforeEach(async () => {
    suite = new ToolSuite();
    await suite.start();
  });
  afterEach(() => suite.stop());

  const settle = async (at: string) => {
    gateway = at;
    agent = await suite.agent(at);
    return actsOn(
      suite,
      () => agent,
      () => gateway,
    );
  };

  it('wait for a coordinator that is away, and are handed over once by several gateways when it is back', async () => {
    let isAway = true;
    const starts = new Map<string, number>();
    const away = Object.create(suite.runs) as RunsApi;
    away.startRun = (ctx, request, options) => {
      const id = request.run_id ?? '';
      starts.set(id, (starts.get(id) ?? 0) + 1);
      if (isAway) return Promise.reject(new AppError('run_coordinator_unavailable'));
      return suite.runs.startRun(ctx, request, options);
    };
    const gateways = [await suite.gateway({}, { runs: away }), await suite.gateway({}, { runs: away })];
    const { submit, read, ended } = await settle(gateways[0] ?? '');
    const ids: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      ids.push(await submit(`away ${count}`, { action: 'send' }, agent, gateways[count % 2]));
    }
    while (ids.some((id) => !starts.has(id))) await sleep(20);
    expect((await read(ids[0] ?? '')).body.status).toBe('queued');
    isAway = false;
    // Nobody knows whether the coordinator has them: they are handed over again when the lease passes.
    await suite.database.query('update tool_jobs set due_at = now() where due_at is not null');
    for (const id of ids) expect((await ended(id, gateways[1])).status).toBe('done');
    const counts = Array.from({ length: 20 }, (_, count) => suite.upstream.count(`away ${count}`));
    expect(counts).toEqual(Array.from({ length: 20 }, () => 1));
  });

  it('whose start was answered by nobody are started again under the same id, and run once', async () => {
    const deaf = Object.create(suite.runs) as RunsApi;
    let isLost = true;
    deaf.startRun = async (ctx, request, options) => {
      const run = await suite.runs.startRun(ctx, request, options);
      if (isLost) throw new AppError('run_coordinator_unavailable');
      return run;
    };
    const { submit, ended } = await settle(await suite.gateway({}, { runs: deaf }));
    const id = await submit('deaf', { action: 'send' });
    while (suite.upstream.count('deaf') === 0) await sleep(20);
    isLost = false;
    await suite.database.query('update tool_jobs set due_at = now() where job_id = $1', [id]);
    expect((await ended(id)).status).toBe('done');
    expect(suite.upstream.count('deaf')).toBe(1);
  });

  it('that the coordinator refuses for good are failed', async () => {
    const refusing = Object.create(suite.runs) as RunsApi;
    refusing.startRun = () => Promise.reject(new AppError('constraint_violation'));
    const { submit, ended } = await settle(await suite.gateway({}, { runs: refusing }));
    const job = await ended(await submit('refused'));
    expect(job).toMatchObject({ status: 'failed', code: 'constraint_violation', error: expect.any(String) });
  });

  it('whose run the coordinator has forgotten are failed, and one that is away is said to be', async () => {
    const { submit, read } = await settle(await suite.gateway());
    const id = await submit('forgotten');
    const away = { getRun: () => Promise.reject(new AppError('run_coordinator_unavailable')) } as unknown as RunsApi;
    while (
      (await suite.database.query('select 1 from tool_jobs where job_id = $1 and due_at is null', [id])).length === 0
    ) {
      await sleep(10);
    }
    const at = await suite.gateway({}, { runs: away });
    flatError(await read(id, agent, at), 502, 'run_coordinator_unavailable');
    const empty = { getRun: () => Promise.reject(new AppError('run_not_found')) } as unknown as RunsApi;
    const without = await suite.gateway({}, { runs: empty });
    expect((await read(id, agent, without)).body).toMatchObject({ status: 'failed', code: 'run_not_found' });
  });
});

function nested(levels: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
}
