import { createHash } from 'node:crypto';
import { NodeRunsCreateResponse } from '#contract';
import type { NodeRun, Run } from '#contract';
import { startScriptedCompositeExecutor } from '#testing';
import type { TestDatabase } from '#testing';
import { until } from '../chaos/settling.js';
import { child, CleanUp, created, createChildren, nodeRun, ref, runOf, startRun } from './coordinators.js';
import { call, conforming, eventsOf, refusal } from './http.js';
import { atomicType, startStubAtomicExecutor } from './stub-peers.js';

describe('children of a composite node run', () => {
  const cleanUp = new CleanUp();
  let database: TestDatabase;
  let url: string;
  beforeAll(async () => {
    database = await cleanUp.database();
    url = (await cleanUp.coordinator(database, { JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' })).url;
  });
  afterAll(() => cleanUp.run());

  const report = (id: string, what: 'evaluation' | 'complete', body: object, headers?: Record<string, string>) =>
    call('POST', `${url}/v1/node-runs/${id}:${what}`, body, headers);
  const events = (run: Run) => eventsOf(`${url}/v1/runs/${run.run_id}/events`);

  it('have the id that their key, parent and run stand for', async () => {
    const run = await startRun(url);
    const [keyed, random] = await created(url, run, [child('atomic.a', { idempotency_key: 'step 1/ä' }), child()]);
    // docs/decisions/0003-bucket-in-node-run-id.md
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const bucket = sha256(run.run_id).slice(0, 2);
    const key = sha256(`${run.run_id}:${run.root_node_run_id}:step 1/ä`).slice(0, 30);
    expect(keyed?.node_run_id).toBe(`node_run_${bucket}${key}`);
    expect(keyed?.extensions?.['jarvis.idempotency_key']).toBe('step 1/ä');
    expect(random?.node_run_id).toMatch(new RegExp(`^node_run_${bucket}[0-9a-f]{30}$`));
    expect(run.root_node_run_id).toMatch(new RegExp(`^node_run_${bucket}[0-9a-f]{30}$`));
  });

  it('with the same key under another parent, or in another run, are others', async () => {
    const [run, other] = [await startRun(url), await startRun(url)];
    const spec = child('composite.b', { idempotency_key: 'k' });
    const [first] = await created(url, run, [spec]);
    const [below] = await created(url, run, [spec], first!.node_run_id);
    const [elsewhere] = await created(url, other, [{ ...spec, inputs: { another: true } }]);
    expect(new Set([first, below, elsewhere].map((one) => one?.node_run_id)).size).toBe(3);
  });

  it('with a key twice in one request are one, shown twice', async () => {
    const run = await startRun(url);
    const spec = child('atomic.a', { idempotency_key: 'twice', inputs: { a: 1, b: 2 } });
    // The order of keys is not the specification.
    const nodeRuns = await created(url, run, [spec, child(), { ...spec, inputs: { b: 2, a: 1 } }]);
    expect(nodeRuns).toHaveLength(3);
    expect(nodeRuns[2]).toEqual(nodeRuns[0]);
    expect((await events(run)).find(({ type }) => type === 'composite_decomposed')?.data).toEqual({
      node_run_count: 2,
    });
    const [root] = await database.query(
      'select child_count, decomposition_rounds from node_runs where node_run_id = $1',
      [run.root_node_run_id],
    );
    expect(root).toEqual({ child_count: 2, decomposition_rounds: 1 });
  });

  it.each(['in one request', 'in two requests'])(
    'with a key and another specification are a conflict, %s, and nothing is written',
    async (how) => {
      const run = await startRun(url);
      const spec = child('atomic.a', { idempotency_key: 'k' });
      if (how === 'in two requests') await created(url, run, [spec]);
      const before = await events(run);
      const others = [
        { ...spec, inputs: { other: true } },
        { ...spec, node_type_ref: ref('atomic.b') },
        { ...spec, constraints: { budgets: { max_steps: 1 } } },
        { ...spec, candidate_set_id: 'cs1' },
      ];
      for (const other of others) {
        const answer = await createChildren(url, run, [child(), ...(how === 'in one request' ? [spec] : []), other]);
        expect(refusal(answer, 409, 'idempotency_conflict').details).toEqual({ idempotency_key: 'k' });
      }
      expect(await events(run)).toEqual(before);
    },
  );

  it('are replayed also after their parent and their run have ended', async () => {
    const run = await startRun(url);
    const spec = child('atomic.a', { idempotency_key: 'k' });
    const [first] = await created(url, run, [spec]);
    await call('POST', `${url}/v1/runs/${run.run_id}:cancel`);
    expect((await created(url, run, [spec]))[0]).toMatchObject({ node_run_id: first!.node_run_id, state: 'canceled' });
    refusal(await createChildren(url, run, [spec, child()]), 409, 'parent_node_run_invalid');
  });

  it('are refused below what is of another run, unknown, atomic, or has ended', async () => {
    const run = await startRun(url);
    const [atomic, inner] = await created(url, run, [child('atomic.a'), child('composite.b')]);
    const refused = async (parent: string, status: number, code: string) => {
      const { details } = refusal(await createChildren(url, run, [child()], parent), status, code);
      return details;
    };
    const other = await startRun(url);
    await refused(other.root_node_run_id, 409, 'parent_node_run_mismatch');
    await refused(atomic!.node_run_id.replace(/.{6}$/, '000000'), 404, 'parent_node_run_not_found');
    await refused('no node run', 404, 'parent_node_run_not_found');
    expect(await refused(atomic!.node_run_id, 409, 'parent_node_run_invalid')).toMatchObject({ kind: 'atomic' });
    await report(inner!.node_run_id, 'complete', { state: 'succeeded' });
    expect(await refused(inner!.node_run_id, 409, 'parent_node_run_invalid')).toMatchObject({ state: 'succeeded' });
    await report(run.root_node_run_id, 'complete', { state: 'failed' });
    expect(await refused(run.root_node_run_id, 409, 'parent_node_run_invalid')).toMatchObject({ state: 'failed' });
  });

  it('are refused alike where two runs share a bucket, and where a run that is not there would', async () => {
    const bucketOf = (id: string) => createHash('sha256').update(id).digest()[0];
    const ids = Array.from({ length: 5_000 }, (_, index) => `run_same_bucket_${index}`);
    const [first, second, absent] = ids.filter((id) => bucketOf(id) === bucketOf('run_same_bucket_0'));
    const run = await startRun(url, 'composite.plan', { run_id: first });
    const other = await startRun(url, 'composite.plan', { run_id: second });
    refusal(await createChildren(url, run, [child()], other.root_node_run_id), 409, 'parent_node_run_mismatch');
    for (const parent of [run.root_node_run_id, run.root_node_run_id.replace(/.{6}$/, '000000')]) {
      const answer = await createChildren(url, { ...run, run_id: absent! }, [child()], parent);
      refusal(answer, 404, 'run_not_found');
    }
  });

  it('keep what bound them, and say it in events before they are assigned', async () => {
    const run = await startRun(url);
    const binding_decision = {
      subtask_id: 'S1',
      candidate_set_id: 'cs1',
      chosen_node_type_ref: ref('atomic.a'),
      rationale: 'the only one',
    };
    const specs = [
      child('atomic.a', { candidate_set_id: 'cs1', binding_decision, extensions: { 'org.example.a': 1 } }),
      child('atomic.b', { candidate_set_id: 'cs2' }),
      child('atomic.c', { binding_decision }),
    ];
    const nodeRuns = await created(url, run, specs);
    expect(nodeRuns.map(({ extensions }) => extensions)).toEqual([
      { 'org.example.a': 1, 'jarvis.candidate_set_id': 'cs1', 'jarvis.binding_decision': binding_decision },
      { 'jarvis.candidate_set_id': 'cs2' },
      { 'jarvis.binding_decision': binding_decision },
    ]);
    const [a, b, c] = nodeRuns.map(({ node_run_id }) => node_run_id);
    const said = (await events(run)).slice(3).map(({ type, node_run_id, data }) => [type, node_run_id, data]);
    const parent = { parent_node_run_id: run.root_node_run_id };
    expect(said).toEqual([
      ['composite_decomposed', run.root_node_run_id, { node_run_count: 3 }],
      ['candidate_set_generated', a, { candidate_set_id: 'cs1', subtask_id: 'S1' }],
      ['subtask_mapped', a, binding_decision],
      ['node_run_assigned', a, parent],
      ['candidate_set_generated', b, { candidate_set_id: 'cs2' }],
      ['node_run_assigned', b, parent],
      ['candidate_set_generated', c, { candidate_set_id: 'cs1', subtask_id: 'S1' }],
      ['subtask_mapped', c, binding_decision],
      ['node_run_assigned', c, parent],
    ]);
  });

  it('are evaluated again and again, and every recovery action is kept', async () => {
    const run = await startRun(url);
    const [one] = await created(url, run, [child()]);
    const actions = [
      { type: 'retry', target_node_run_id: one!.node_run_id },
      undefined,
      { type: 'remap', target_node_type_ref: ref('atomic.b'), message: 'slow' },
      { type: 'ask_user' },
    ];
    for (const [index, recovery_action] of actions.entries()) {
      const evaluation_result = { status: 'fail', reason_code: `r${index}`, confidence: index / 4 };
      const body = { evaluation_result, ...(recovery_action === undefined ? {} : { recovery_action }) };
      expect((await report(one!.node_run_id, 'evaluation', body)).status).toBe(204);
    }
    const seen = await nodeRun(url, one!.node_run_id);
    expect(seen.evaluation_result).toMatchObject({ reason_code: 'r3' });
    expect(seen.recovery_actions).toEqual(actions.filter((action) => action !== undefined));
    const said = (await events(run)).filter(({ node_run_id }) => node_run_id === one!.node_run_id);
    expect(said.filter(({ type }) => type === 'node_evaluated').map(({ data }) => data?.['reason_code'])).toEqual([
      'r0',
      'r1',
      'r2',
      'r3',
    ]);
    expect(said.filter(({ type }) => type === 'recovery_applied')).toHaveLength(3);
  });

  it('an evaluation with a key is recorded once, also at the same time and after the end', async () => {
    const run = await startRun(url);
    const [one, two] = await created(url, run, [child(), child()]);
    const body = { evaluation_result: { status: 'fail' }, recovery_action: { type: 'retry' } };
    const send = (node: NodeRun | undefined, key: string) =>
      report(node!.node_run_id, 'evaluation', body, { 'idempotency-key': key });
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, () => send(one, '"k1"')),
      send(one, '"k2"'),
      send(two, '"k1"'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 204));
    expect((await nodeRun(url, one!.node_run_id)).recovery_actions).toHaveLength(2);
    expect((await nodeRun(url, two!.node_run_id)).recovery_actions).toHaveLength(1);
    await report(one!.node_run_id, 'complete', { state: 'failed' });
    expect((await send(one, '"k1"')).status).toBe(204);
    refusal(await send(one, '"k3"'), 409, 'node_run_already_terminal');
    const evaluated = (await events(run)).filter(
      ({ type, data }) => type === 'node_evaluated' && data?.['reason_code'] === undefined,
    );
    expect(evaluated).toHaveLength(3);
  });

  it('a completion is accepted again when it is the same, and refused when it is another', async () => {
    const run = await startRun(url);
    const outputs = { a: 1, b: [1, 2] };
    const error = { code: 'tool_failed', message: 'It broke.', retryable: true, details: { at: 3 } };
    for (const outcome of [
      { state: 'succeeded', outputs },
      { state: 'failed', outputs, error },
      { state: 'canceled' },
    ]) {
      const [one] = await created(url, run, [child()]);
      const complete = (body: object) => report(one!.node_run_id, 'complete', body);
      const answers = await Promise.all(Array.from({ length: 5 }, () => complete(outcome)));
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204]);
      const reordered = Object.fromEntries(Object.entries(outcome).reverse());
      expect((await complete(reordered)).status).toBe(204);
      for (const other of [{ ...outcome, outputs: { a: 2 } }, { state: 'failed' }]) {
        refusal(await complete(other), 409, 'node_run_already_terminal');
      }
      const ended = (await events(run)).filter(
        ({ type, node_run_id }) => type === 'node_evaluated' && node_run_id === one!.node_run_id,
      );
      expect(ended).toHaveLength(1);
    }
  });

  it('keeps the artifacts of a completion', async () => {
    const run = await startRun(url);
    const output_artifacts = [
      { type: 'file', id: 'f1', uri: 'https://example.org/f1' },
      { type: 'report', id: 'r1' },
    ];
    const answer = await report(run.root_node_run_id, 'complete', { state: 'succeeded', output_artifacts });
    expect(answer.status).toBe(204);
    expect((await nodeRun(url, run.root_node_run_id)).output_artifacts).toEqual(output_artifacts);
  });
});

describe('a composite node run that completes before its children', () => {
  const cleanUp = new CleanUp();
  afterAll(() => cleanUp.run());

  it('cancels what is open below it, and the executors hear it', async () => {
    const database = await cleanUp.database();
    const executor = cleanUp.add(
      await startStubAtomicExecutor(
        [atomicType('atomic.quick', 'read'), atomicType('atomic.slow', 'read')],
        (request) =>
          request.node_type_ref.node_type_id === 'atomic.quick' ? { state: 'succeeded', outputs: {} } : 'hang',
      ),
      (peer) => peer.stop(),
    );
    const composite = cleanUp.add(await startScriptedCompositeExecutor({ behaviour: 'stall' }), (peer) => peer.close());
    const { url } = await cleanUp.coordinator(database, {
      JARVIS_ATOMIC_EXECUTOR_URL: executor.url,
      JARVIS_COMPOSITE_EXECUTOR_URL: composite.url,
    });
    const run = await startRun(url);
    const answer = await createChildren(url, run, [
      child('atomic.quick'),
      child('atomic.slow'),
      child('composite.inner'),
      child('atomic.slow', { constraints: { gates: { require_approval: true } } }),
    ]);
    const [quick, slow, inner, parked] = conforming(NodeRunsCreateResponse, answer).node_runs.map(
      ({ node_run_id }) => node_run_id,
    ) as [string, string, string, string];
    const [deep] = await created(url, run, [child('atomic.slow')], inner);
    const stateOf = async (id: string) => (await nodeRun(url, id)).state;
    await until('the quick one has ended', async () => (await stateOf(quick)) === 'succeeded');
    for (const id of [slow, inner, deep!.node_run_id]) {
      await until('it runs', async () => (await stateOf(id)) === 'running');
    }
    const begun = (id: string) => executor.executions.some(({ node_run_id }) => node_run_id === id);
    await until('the slow ones have arrived', () => begun(slow) && begun(deep!.node_run_id));
    await until('the inner one has arrived', () => composite.begins.some(({ node_run_id }) => node_run_id === inner));
    const done = await call('POST', `${url}/v1/node-runs/${run.root_node_run_id}:complete`, { state: 'succeeded' });
    expect(done.status).toBe(204);
    expect((await runOf(url, run.run_id)).state).toBe('succeeded');
    expect(await stateOf(quick)).toBe('succeeded');
    for (const id of [slow, inner, deep!.node_run_id, parked]) expect(await stateOf(id)).toBe('canceled');
    await until('the cancels are heard', () => executor.cancels.length === 2 && composite.cancels.length === 1);
    expect([...executor.cancels].sort()).toEqual([slow, deep!.node_run_id].sort());
    expect(composite.cancels).toEqual([inner]);
    for (const table of ['ready', 'leases', 'timers']) {
      await until(`${table} is empty`, async () => (await database.query(`select 1 from ${table}`)).length === 0);
    }
  });
});
