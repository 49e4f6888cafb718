import { readSettings } from '#config';
import { Health } from '#contract';
import type { NodeType, Run } from '#contract';
import { listen } from '#http';
import { freePort } from '#testing';
import type { TestDatabase } from '#testing';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { until } from '../chaos/settling.js';
import { CleanUp, errorOf, nodeRun, runOf, startRun, untilRunEnds } from './coordinators.js';
import { call, conforming } from './http.js';
import { atomicType, startStubAtomicExecutor } from './stub-peers.js';
import type { StubAtomicExecutor, StubExecution } from './stub-peers.js';

const cleanUp = new CleanUp();
let database: TestDatabase;
beforeEach(async () => {
  database = await cleanUp.database();
});
afterEach(() => cleanUp.run());

const succeeded: StubExecution = { state: 'succeeded', outputs: { done: true } };
/** Of both, and never repeated unless it was never sent. */
const BOTH = atomicType('acme.both', 'irreversible');
const FIRST = [BOTH, atomicType('acme.first', 'irreversible')];
const SECOND = [BOTH, atomicType('acme.second', 'irreversible')];

async function startExecutor(
  types: readonly NodeType[] | undefined,
  execute: Parameters<typeof startStubAtomicExecutor>[1] = () => succeeded,
): Promise<StubAtomicExecutor> {
  return cleanUp.add(await startStubAtomicExecutor(types, execute), (peer) => peer.stop());
}

const executorsAt = (...peers: readonly { url: string }[]) => ({
  ARP_ATOMIC_EXECUTOR_URL: peers.map(({ url }) => url).join(', '),
  ARP_SHUTDOWN_GRACE_MS: '100',
});

/** Runs node types one after the other; how their runs ended. */
async function ends(url: string, ...nodeTypeIds: readonly string[]): Promise<string[]> {
  const states: string[] = [];
  for (const id of nodeTypeIds) states.push(await endOf(url, await startRun(url, id)));
  return states;
}

/** The state, and the code of the error where there is one. */
async function endOf(url: string, run: Run): Promise<string> {
  await untilRunEnds(url, run);
  const code = errorOf(await nodeRun(url, run.root_node_run_id))?.['code'];
  return [(await runOf(url, run.run_id)).state, ...(code === undefined ? [] : [code])].join(' ');
}

const executedBy = ({ executions }: StubAtomicExecutor) =>
  executions.map(({ node_type_ref: { node_type_id } }) => node_type_id);

describe('several atomic executors', () => {
  it('execute what they offer, and take turns where both do', async () => {
    const [first, second] = [await startExecutor(FIRST), await startExecutor(SECOND)];
    const { url } = await cleanUp.coordinator(database, executorsAt(first, second));
    const ids = ['acme.first', 'acme.second', 'acme.first', 'acme.both', 'acme.both', 'acme.both', 'acme.both'];
    expect(await ends(url, ...ids)).toEqual(ids.map(() => 'succeeded'));
    expect(executedBy(first)).toEqual(['acme.first', 'acme.first', 'acme.both', 'acme.both']);
    expect(executedBy(second)).toEqual(['acme.second', 'acme.both', 'acme.both']);
  });

  it('may be of this suite and of another implementation, which has no list', async () => {
    const settings = readSettings(atomicExecutorSettings, { ARP_AUTH_PROFILE: 'dev-insecure', LOG_LEVEL: 'silent' });
    const own = cleanUp.add(await createAtomicExecutor(settings), (service) => service.stop());
    const ownUrl = await listen(own, { host: '127.0.0.1', port: 0, portSetting: 'ARP_ATOMIC_EXECUTOR_PORT' });
    const other = await startExecutor(undefined);
    const { url } = await cleanUp.coordinator(database, executorsAt({ url: ownUrl }, other));
    const offered = (await call<NodeType[]>('GET', `${ownUrl}/v1/node-types`)).body;
    const version = offered.find(({ node_type_id }) => node_type_id === 'jarvis.core.echo')?.version;
    const echo = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version }, input: { text: 'hello' } };
    expect(await endOf(url, await startRun(url, 'jarvis.core.echo', echo))).toBe('succeeded');
    expect(await ends(url, 'atomic.other', 'acme.other')).toEqual(['succeeded', 'succeeded']);
    expect(executedBy(other)).toEqual(['atomic.other', 'acme.other']);
  });

  it('go on when one is away; what only that one offers waits for it', async () => {
    const [first, second] = [await startExecutor(FIRST), await startExecutor(SECOND)];
    const { url } = await cleanUp.coordinator(database, executorsAt(first, second));
    await ends(url, 'acme.first', 'acme.second');
    await first.stop();
    const waiting = await startRun(url, 'acme.first');
    const ids = ['acme.both', 'acme.second', 'acme.both', 'acme.both', 'acme.both'];
    expect(await ends(url, ...ids)).toEqual(ids.map(() => 'succeeded'));
    expect(executedBy(second)).toEqual(['acme.second', ...ids]);
    expect((await runOf(url, waiting.run_id)).state).not.toBe('failed');
    await first.start();
    expect(await endOf(url, waiting)).toBe('succeeded');
    await until('the one that came back is used', async () => {
      await ends(url, 'acme.both');
      return executedBy(first).includes('acme.both');
    });
  });

  it('work when one was away from the beginning', async () => {
    const second = await startExecutor(SECOND);
    const nobody = { url: `http://127.0.0.1:${await freePort()}` };
    const { url } = await cleanUp.coordinator(database, {
      ...executorsAt(nobody, second),
      JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS: '2',
    });
    expect(await ends(url, 'acme.second', 'acme.both', 'acme.first')).toEqual([
      'succeeded',
      'succeeded',
      'failed atomic_executor_unavailable',
    ]);
    expect(executedBy(second)).toEqual(['acme.second', 'acme.both']);
  });

  it('one that broke off is not relieved by another where nothing may be repeated', async () => {
    const [first, second] = [await startExecutor(FIRST, () => 'die'), await startExecutor(SECOND)];
    const { url } = await cleanUp.coordinator(database, executorsAt(first, second));
    await ends(url, 'acme.second');
    const states = await ends(url, 'acme.both', 'acme.both');
    expect(states.filter((state) => state === 'failed execution_uncertain')).toHaveLength(executedBy(first).length);
    expect(first.executions).toHaveLength(1);
    expect(executedBy(second)).toHaveLength(2);
  });

  it('one without room is relieved by the other', async () => {
    const [first, second] = [await startExecutor(FIRST, () => 'full'), await startExecutor(SECOND)];
    const { url } = await cleanUp.coordinator(database, executorsAt(first, second));
    await ends(url, 'acme.second');
    expect(await ends(url, 'acme.both', 'acme.both')).toEqual(['succeeded', 'succeeded']);
    expect(executedBy(second)).toEqual(['acme.second', 'acme.both', 'acme.both']);
  });

  it('one says that it has not the version that nobody has', async () => {
    const error = { code: 'unknown_node_type_version', message: 'Not in this version.', retryable: false };
    const other = await startExecutor([atomicType('acme.other', 'read', { version: '2' })], () => ({
      state: 'failed',
      error,
    }));
    const { url } = await cleanUp.coordinator(database, executorsAt(await startExecutor(FIRST), other));
    expect(await ends(url, 'acme.other')).toEqual(['failed unknown_node_type_version']);
  });

  it.each(['its own', 'another'])('hear of a cancel through %s coordinator', async (whose) => {
    const [first, second] = [await startExecutor(FIRST, () => 'hang'), await startExecutor(SECOND)];
    const { url } = await cleanUp.coordinator(database, executorsAt(second, first));
    const { url: other } = await cleanUp.coordinator(database, {
      ...executorsAt(second, first),
      JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false',
    });
    const run = await startRun(url, 'acme.first');
    await until('it is executed', () => first.executions.length === 1);
    await call('POST', `${whose === 'another' ? other : url}/v1/runs/${run.run_id}:cancel`);
    await until('nothing waits', async () => (await database.query(`select 1 from timers`)).length === 0);
    expect(first.cancels).toEqual([run.root_node_run_id]);
    // Only who handed it over knows who has it.
    expect(second.cancels).toEqual(whose === 'another' ? [run.root_node_run_id] : []);
    expect(await endOf(url, run)).toBe('canceled');
  });

  it('have a health each', async () => {
    const first = await startExecutor(FIRST);
    const nobody = { url: `http://127.0.0.1:${await freePort()}` };
    const { url } = await cleanUp.coordinator(database, executorsAt(first, nobody));
    expect(conforming(Health, await call('GET', `${url}/v1/health`))).toMatchObject({
      status: 'degraded',
      checks: [
        { name: 'database', status: 'ok' },
        { name: 'atomic_executor_1', status: 'ok' },
        { name: 'atomic_executor_2', status: 'down', message: expect.stringContaining('JARVIS_ATOMIC_EXECUTOR_URL') },
      ],
    });
  });
});

describe('one atomic executor', () => {
  it('without a list gets everything that is not composite', async () => {
    const executor = await startExecutor(undefined);
    const { url } = await cleanUp.coordinator(database, executorsAt(executor));
    expect(await ends(url, 'atomic.a', 'acme.b', 'composite.c')).toEqual([
      'succeeded',
      'succeeded',
      'failed composite_executor_unconfigured',
    ]);
    expect(executedBy(executor)).toEqual(['atomic.a', 'acme.b']);
  });
});
