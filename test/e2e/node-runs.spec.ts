import { NodeRun, NodeRunsCreateResponse, Run } from '#contract';
import { call, conforming, eventsOf, refusal } from './http.js';
import { inOneProcess } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

/** Auto-dispatch is off: node runs stay queued until somebody reports, as a composite executor of another make would. */
describe('node runs that an executor reports on', () => {
  let suite: SuiteUnderTest;
  beforeAll(async () => {
    suite = await inOneProcess({ JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' });
  });
  afterAll(async () => suite.stop());

  const url = (path: string) => `${suite.coordinator}/v1/${path}`;
  const ref = (node_type_id: string) => ({ node_type_id, version: '1' });
  const startRun = async (nodeTypeId = 'composite.plan') =>
    conforming(Run, await call('POST', url('runs'), { root_node_type_ref: ref(nodeTypeId), input: { goal: 'g' } }));
  const create = (run: Run, node_runs: object[], parent = run.root_node_run_id) =>
    call('POST', url('node-runs'), { run_id: run.run_id, parent_node_run_id: parent, node_runs });

  it('creates children, evaluates and completes them, and then the run', async () => {
    const run = await startRun();
    const binding_decision = { subtask_id: 'S1', candidate_set_id: 'cs1', chosen_node_type_ref: ref('atomic.a') };
    const { node_runs } = conforming(
      NodeRunsCreateResponse,
      await create(run, [
        { node_type_ref: ref('atomic.a'), inputs: { n: 1 }, candidate_set_id: 'cs1', binding_decision },
        { node_type_ref: ref('atomic.b'), inputs: {} },
      ]),
    );
    expect(node_runs.map(({ state, kind, parent_node_run_id }) => [state, kind, parent_node_run_id])).toEqual([
      ['queued', 'atomic', run.root_node_run_id],
      ['queued', 'atomic', run.root_node_run_id],
    ]);
    const [a, b] = node_runs as [NodeRun, NodeRun];
    expect(a.extensions).toMatchObject({
      'jarvis.candidate_set_id': 'cs1',
      'jarvis.binding_decision': binding_decision,
    });

    for (const status of ['fail', 'success'] as const) {
      const report = {
        evaluation_result: { status },
        ...(status === 'fail' ? { recovery_action: { type: 'retry' } } : {}),
      };
      expect((await call('POST', url(`node-runs/${a.node_run_id}:evaluation`), report)).status).toBe(204);
    }
    const outcome = { state: 'succeeded', outputs: { done: true }, output_artifacts: [{ type: 'file', id: 'f1' }] };
    expect((await call('POST', url(`node-runs/${a.node_run_id}:complete`), outcome)).status).toBe(204);
    expect((await call('POST', url(`node-runs/${a.node_run_id}:complete`), outcome)).status).toBe(204);
    refusal(
      await call('POST', url(`node-runs/${a.node_run_id}:complete`), { state: 'failed' }),
      409,
      'node_run_already_terminal',
    );
    refusal(
      await call('POST', url(`node-runs/${a.node_run_id}:evaluation`), { evaluation_result: { status: 'success' } }),
      409,
      'node_run_already_terminal',
    );
    expect(conforming(NodeRun, await call('GET', url(`node-runs/${a.node_run_id}`)))).toMatchObject({
      state: 'succeeded',
      outputs: { done: true },
      output_artifacts: [{ type: 'file', id: 'f1' }],
      evaluation_result: { status: 'success' },
      recovery_actions: [{ type: 'retry' }],
    });

    expect((await call('POST', url(`node-runs/${run.root_node_run_id}:complete`), { state: 'succeeded' })).status).toBe(
      204,
    );
    expect(conforming(NodeRun, await call('GET', url(`node-runs/${b.node_run_id}`))).state).toBe('canceled');
    expect(conforming(Run, await call('GET', url(`runs/${run.run_id}`))).state).toBe('succeeded');
    const events = await eventsOf(url(`runs/${run.run_id}/events`));
    expect(events.map(({ type }) => type)).toEqual([
      'run_started',
      'node_run_assigned',
      'policy_decided',
      'composite_decomposed',
      'candidate_set_generated',
      'subtask_mapped',
      'node_run_assigned',
      'node_run_assigned',
      'node_evaluated',
      'recovery_applied',
      'node_evaluated',
      // The end of the first child, and the cancel of the second with its parent.
      'node_evaluated',
      'node_evaluated',
      'run_completed',
    ]);
    const ofChild = await eventsOf(url(`node-runs/${a.node_run_id}/events`));
    expect(ofChild.map(({ seq }) => seq)).toEqual([5, 6, 7, 9, 10, 11, 12]);
    expect(
      await suite.database.query('select * from ready where node_run_id = any($1)', [
        node_runs.map(({ node_run_id }) => node_run_id),
      ]),
    ).toEqual([]);
  });

  it('creates a keyed child once, also when asked twice at the same time or within one request', async () => {
    const run = await startRun();
    const spec = { node_type_ref: ref('atomic.a'), inputs: { n: 1 }, idempotency_key: 'k1' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(run, [spec, spec])));
    const ids = answers.flatMap((answer) =>
      conforming(NodeRunsCreateResponse, answer).node_runs.map(({ node_run_id }) => node_run_id),
    );
    expect(new Set(ids).size).toBe(1);
    refusal(await create(run, [{ ...spec, inputs: { n: 2 } }]), 409, 'idempotency_conflict');
    refusal(
      await create(run, [
        { ...spec, idempotency_key: 'k2' },
        { ...spec, idempotency_key: 'k2', inputs: {} },
      ]),
      409,
      'idempotency_conflict',
    );
    const events = await eventsOf(url(`runs/${run.run_id}/events`));
    expect(events.filter(({ type }) => type === 'composite_decomposed')).toHaveLength(1);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  });

  it('refuses a parent that is unknown, of another run, atomic, or has ended', async () => {
    const run = await startRun();
    const other = await startRun();
    const atomic = await startRun('atomic.a');
    const child = [{ node_type_ref: ref('atomic.a'), inputs: {} }];
    refusal(await create({ ...run, run_id: 'run_nobody' }, child), 404, 'run_not_found');
    refusal(await create(run, child, 'node_run_nobody'), 404, 'parent_node_run_not_found');
    refusal(await create(run, child, other.root_node_run_id), 409, 'parent_node_run_mismatch');
    refusal(await create(atomic, child), 409, 'parent_node_run_invalid');
    await call('POST', url(`runs/${run.run_id}:cancel`));
    refusal(await create(run, child), 409, 'parent_node_run_invalid');
  });

  it('cancels a run with everything in it, once', async () => {
    const run = await startRun();
    const { node_runs } = conforming(
      NodeRunsCreateResponse,
      await create(run, [{ node_type_ref: ref('composite.b'), inputs: {} }]),
    );
    const inner = conforming(
      NodeRunsCreateResponse,
      await create(run, [{ node_type_ref: ref('atomic.c'), inputs: {} }], node_runs[0]?.node_run_id),
    );
    for (let time = 0; time < 2; time += 1) {
      expect(conforming(Run, await call('POST', `${suite.gateway}/v1/runs/${run.run_id}:cancel`)).state).toBe(
        'canceled',
      );
    }
    for (const id of [run.root_node_run_id, node_runs[0]?.node_run_id, inner.node_runs[0]?.node_run_id]) {
      expect(conforming(NodeRun, await call('GET', url(`node-runs/${id}`))).state).toBe('canceled');
      refusal(
        await call('POST', url(`node-runs/${id}:complete`), { state: 'succeeded' }),
        409,
        'node_run_already_terminal',
      );
    }
    const events = await eventsOf(url(`runs/${run.run_id}/events`));
    expect(events.filter(({ type }) => type === 'run_completed')).toHaveLength(1);
    expect(
      await suite.database.query(
        'select 1 from ready r join node_runs n using (bucket, node_run_id) where n.run_id = $1',
        [run.run_id],
      ),
    ).toEqual([]);
  });
});

describe('a coordinator without a policy', () => {
  it('denies the start of a run and keeps the refusal on record', async () => {
    const suite = await inOneProcess({ JARVIS_POLICY_PROFILE: '' });
    try {
      const request = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: {} };
      const run = conforming(Run, await call('POST', `${suite.gateway}/v1/runs`, request));
      expect(run.state).toBe('failed');
      expect(run.ended_at).toBeDefined();
      const root = conforming(NodeRun, await call('GET', `${suite.coordinator}/v1/node-runs/${run.root_node_run_id}`));
      expect(root.extensions?.['jarvis.completion_error']).toMatchObject({ code: 'policy_denied', retryable: false });
      const events = await eventsOf(`${suite.gateway}/v1/runs/${run.run_id}/events?follow=1`);
      expect(events.map(({ type }) => type)).toEqual([
        'run_started',
        'node_run_assigned',
        'policy_decided',
        'run_completed',
      ]);
      expect(events[2]?.data).toMatchObject({ decision: 'deny', reason_code: 'policy_unconfigured' });
    } finally {
      await suite.stop();
    }
  });
});
