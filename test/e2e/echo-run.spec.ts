import { NodeRun, Run } from '#contract';
import { call, conforming, eventsOf, refusal } from './http.js';
import { BINDINGS } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

const ECHO = { node_type_id: 'jarvis.core.echo', version: '0.1.0' };
const start = (input: object, more: object = {}) => ({ root_node_type_ref: ECHO, input, ...more });

describe.each(BINDINGS)('a run of jarvis.core.echo, %s', (_, startSuite) => {
  let suite: SuiteUnderTest;
  beforeAll(async () => {
    suite = await startSuite();
  });
  afterAll(async () => suite.stop());

  it('goes from queued to running to succeeded with the seven events in order', async () => {
    const input = { text: 'hello', nested: { list: [1, null, { deep: true }], constructor: 'kept' } };
    const started = conforming(Run, await call('POST', `${suite.gateway}/v1/runs`, start(input)));
    expect(started.state).toBe('queued');

    const events = await eventsOf(`${suite.gateway}/v1/runs/${started.run_id}/events?follow=1`);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(
      events.map(({ type, data }) => [type, data?.['action'] ?? data?.['state'] ?? data?.['status'] ?? null]),
    ).toEqual([
      ['run_started', null],
      ['node_run_assigned', null],
      ['policy_decided', 'run.start'],
      ['policy_decided', 'node.run.execute'],
      ['node_evaluated', 'success'],
      ['atomic_executed', 'succeeded'],
      ['run_completed', 'succeeded'],
    ]);
    expect(events[0]?.data).toEqual({ root_node_run_id: started.root_node_run_id });
    expect(events[1]?.data).toEqual({ root: true });

    const run = conforming(Run, await call('GET', `${suite.gateway}/v1/runs/${started.run_id}`));
    expect(run).toMatchObject({
      run_id: started.run_id,
      state: 'succeeded',
      root_node_run_id: started.root_node_run_id,
    });
    expect(Date.parse(run.started_at ?? '')).toBeLessThanOrEqual(Date.parse(run.ended_at ?? ''));

    const root = conforming(NodeRun, await call('GET', `${suite.coordinator}/v1/node-runs/${run.root_node_run_id}`));
    expect(root).toMatchObject({ kind: 'atomic', state: 'succeeded', evaluation_result: { status: 'success' } });
    expect(root.inputs).toEqual(input);
    expect(root.outputs).toEqual({ echo: input });
  });

  it('is the same run when it is started again with its id, and 409 with another request', async () => {
    const request = start({ n: 1 }, { run_id: `mine-${Date.now()}`, metadata: { labels: { a: 'b' } } });
    const first = conforming(Run, await call('POST', `${suite.gateway}/v1/runs`, request));
    const again = conforming(Run, await call('POST', `${suite.gateway}/v1/runs`, request));
    expect(again.root_node_run_id).toBe(first.root_node_run_id);
    refusal(await call('POST', `${suite.gateway}/v1/runs`, { ...request, input: { n: 2 } }), 409, 'run_already_exists');
  });

  it('streams from a cursor and up to a limit, for the run and for its node run', async () => {
    const { run_id, root_node_run_id } = conforming(Run, await call('POST', `${suite.gateway}/v1/runs`, start({})));
    await eventsOf(`${suite.gateway}/v1/runs/${run_id}/events?follow=1`);
    const page = await eventsOf(`${suite.gateway}/v1/runs/${run_id}/events?cursor=2&limit=3`);
    expect(page.map(({ seq }) => seq)).toEqual([3, 4, 5]);
    const ofNode = await eventsOf(`${suite.coordinator}/v1/node-runs/${root_node_run_id}/events?follow=1`);
    expect(ofNode.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await eventsOf(`${suite.gateway}/v1/runs/${run_id}/events?cursor=7&follow=1`)).toEqual([]);
  });

  it('keeps what the caller sent and stamps the trace that it came with', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await call(
      'POST',
      `${suite.gateway}/v1/runs`,
      start(
        {},
        {
          extensions: { 'acme.ticket': 7 },
          constraints: { budgets: { max_steps: 3 } },
          run_context: { tenant_id: 't1' },
        },
      ),
      {
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
        'x-request-id': 'request-42',
      },
    );
    expect(answer.headers.get('x-request-id')).toBe('request-42');
    const run = conforming(Run, answer);
    expect(run.extensions).toEqual({ 'acme.ticket': 7, 'jarvis.constraints': { budgets: { max_steps: 3 } } });
    expect(run.run_context).toMatchObject({ tenant_id: 't1', trace: { trace_id: traceId, request_id: 'request-42' } });
  });

  it('runs whatever request id the caller wrote into the run context', async () => {
    const run_context = { trace: { request_id: 'a\nb: injected' } };
    const { run_id } = conforming(Run, await call('POST', `${suite.gateway}/v1/runs`, start({}, { run_context })));
    const events = await eventsOf(`${suite.gateway}/v1/runs/${run_id}/events?follow=1`);
    expect(events.at(-1)?.data).toEqual({ state: 'succeeded' });
  });

  it('fails with the reason on the node run when the node type or its version is unknown', async () => {
    for (const [ref, code] of [
      [{ node_type_id: 'nobody.knows.this', version: '1' }, 'unknown_node_kind'],
      [{ node_type_id: 'atomic.unknown', version: '1' }, 'unknown_node_type'],
      [{ ...ECHO, version: '9.9.9' }, 'unknown_node_type_version'],
      [{ node_type_id: 'composite.plan', version: '1' }, 'composite_executor_unconfigured'],
    ] as const) {
      const { run_id, root_node_run_id } = conforming(
        Run,
        await call('POST', `${suite.gateway}/v1/runs`, { root_node_type_ref: ref, input: {} }),
      );
      const events = await eventsOf(`${suite.gateway}/v1/runs/${run_id}/events?follow=1`);
      expect(events.at(-1)).toMatchObject({ type: 'run_completed', data: { state: 'failed' } });
      const root = conforming(NodeRun, await call('GET', `${suite.coordinator}/v1/node-runs/${root_node_run_id}`));
      expect(root.extensions?.['jarvis.completion_error']).toMatchObject({ code });
    }
  });

  it('is unknown under another id', async () => {
    const error = refusal(await call('GET', `${suite.gateway}/v1/runs/run_nobody`), 404, 'run_not_found');
    expect(error.details).toEqual({ run_id: 'run_nobody' });
    refusal(await call('POST', `${suite.gateway}/v1/runs/run_nobody:cancel`), 404, 'run_not_found');
    refusal(await call('GET', `${suite.gateway}/v1/runs/run_nobody/events`), 404, 'run_not_found');
    refusal(await call('GET', `${suite.coordinator}/v1/node-runs/node_run_nobody`), 404, 'node_run_not_found');
  });

  it('may not have an id that does not fit in a URL', async () => {
    const error = refusal(
      await call('POST', `${suite.gateway}/v1/runs`, start({}, { run_id: 'a:b' })),
      400,
      'invalid_request',
    );
    expect(error.details).toMatchObject({ issues: [{ path: 'run_id' }] });
  });
});
