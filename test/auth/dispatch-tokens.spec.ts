import { decodeJwt } from 'jose';
import { Health } from '#contract';
import { startIdentityProvider } from '#testing';
import type { IdentityProvider, TestDatabase } from '#testing';
import { until } from '../chaos/settling.js';
import { CleanUp, errorOf, nodeRun, startRun, untilRunEnds } from '../e2e/coordinators.js';
import { call, conforming, eventsOf } from '../e2e/http.js';
import { atomicType, startStubAtomicExecutor } from '../e2e/stub-peers.js';
import type { StubAtomicExecutor, StubExecution } from '../e2e/stub-peers.js';

const cleanUp = new CleanUp();
let database: TestDatabase;
let provider: IdentityProvider;
beforeEach(async () => {
  database = await cleanUp.database();
  provider = cleanUp.add(await startIdentityProvider(), (one) => one.close());
});
afterEach(() => cleanUp.run());

const succeeded: StubExecution = { state: 'succeeded', outputs: {} };

async function startExecutor(execute: (again: number) => StubExecution): Promise<StubAtomicExecutor> {
  const types = [atomicType('atomic.reads', 'read'), atomicType('atomic.deletes', 'irreversible')];
  const executor = await startStubAtomicExecutor(types, (_request, again) => execute(again));
  return cleanUp.add(executor, (peer) => peer.stop());
}

const coordinatorFor = ({ url }: StubAtomicExecutor, env: Readonly<Record<string, string>> = {}) =>
  cleanUp.coordinator(database, {
    JARVIS_ATOMIC_EXECUTOR_URL: url,
    ARP_AUTH_MODE: 'disabled',
    ARP_AUTH_ISSUER: provider.issuer,
    ARP_AUTH_CLIENT_ID: 'arp-run-coordinator',
    ARP_AUTH_CLIENT_SECRET: 'arp-run-coordinator-secret',
    ...env,
  });

/** How a run of one node run ended, and how often it was repeated. */
async function endOf(url: string, nodeTypeId: string) {
  const run = await startRun(url, nodeTypeId);
  const events = await untilRunEnds(url, run);
  const root = await nodeRun(url, run.root_node_run_id);
  const repetitions = events.filter(({ type }) => type === 'recovery_applied').length;
  return { state: root.state, error: errorOf(root), repetitions };
}

describe('an atomic node run', () => {
  it('is handed over with one token of the coordinator, for the audience of the setting', async () => {
    const executor = await startExecutor(() => succeeded);
    const { url } = await coordinatorFor(executor, { JARVIS_ATOMIC_EXECUTOR_AUDIENCE: 'arp-atomic-executor' });
    for (const id of ['atomic.reads', 'atomic.deletes']) expect((await endOf(url, id)).state).toBe('succeeded');
    const claims = executor.authorizations
      .filter(([line]) => line !== 'GET /v1/health')
      .map(([, authorization]) => decodeJwt(authorization?.replace('Bearer ', '') ?? ''));
    expect(claims.length).toBeGreaterThanOrEqual(2);
    for (const claim of claims) expect(claim).toMatchObject({ azp: 'arp-run-coordinator' });
    expect(provider.requests).toEqual([
      { grant: 'client_credentials', client: 'arp-run-coordinator', audience: 'arp-atomic-executor' },
    ]);
  });

  it('waits while there is no token for its executor; that nobody can have one makes no executor look down', async () => {
    const executor = await startExecutor(() => succeeded);
    await provider.down();
    const { url } = await coordinatorFor(executor);
    const run = await startRun(url, 'atomic.deletes');
    const said = () => eventsOf(`${url}/v1/runs/${run.run_id}/events`);
    await until('it was tried', async () => (await said()).some(({ type }) => type === 'recovery_applied'));
    const { checks } = conforming(Health, await call('GET', `${url}/v1/health`));
    expect(checks).toContainEqual(expect.objectContaining({ name: 'atomic_executor', status: 'ok' }));
    expect(executor.authorizations).toEqual([['GET /v1/health', undefined]]);
    await provider.up();
    await untilRunEnds(url, run);
    expect((await nodeRun(url, run.root_node_run_id)).state).toBe('succeeded');
    expect(executor.executions).toHaveLength(1);
  });

  it('that never gets a token fails in the end, and says why', async () => {
    const executor = await startExecutor(() => succeeded);
    const { url } = await coordinatorFor(executor, {
      ARP_AUTH_CLIENT_SECRET: 'not-the-secret',
      JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS: '2',
    });
    const { error, repetitions } = await endOf(url, 'atomic.deletes');
    expect(error).toMatchObject({ code: 'atomic_executor_unavailable', retryable: true });
    expect(JSON.stringify(error)).not.toContain('not-the-secret');
    expect(repetitions).toBe(1);
    expect(executor.executions).toEqual([]);
  });

  it.each([
    [401, 'unauthorized'],
    [503, 'identity_provider_unavailable'],
  ])('that cannot be undone is repeated when its executor lets nobody in: %d %s', async (status, code) => {
    // A 401 is answered with a fresh token first, in the same attempt.
    const executor = await startExecutor((again) => (again < 3 ? { status, code, message: 'Not you.' } : succeeded));
    const { url } = await coordinatorFor(executor);
    const { state, repetitions } = await endOf(url, 'atomic.deletes');
    expect(state).toBe('succeeded');
    expect(executor.executions).toHaveLength(4);
    expect(repetitions).toBe(status === 401 ? 1 : 3);
  });

  it('fails, with what its executor said, when that never lets the coordinator in', async () => {
    const executor = await startExecutor(() => ({ status: 401, code: 'unauthorized', message: 'Not you.' }));
    const { url } = await coordinatorFor(executor, { JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS: '2' });
    expect((await endOf(url, 'atomic.deletes')).error).toMatchObject({
      code: 'atomic_executor_unavailable',
      message: 'The atomic executor did not let this coordinator in (401): Not you.',
    });
  });

  it('that the coordinator may not have executed fails for good, and not as if its caller might not', async () => {
    const executor = await startExecutor(() => ({ status: 403, code: 'forbidden', message: 'Not you.' }));
    const { url } = await coordinatorFor(executor);
    expect(await endOf(url, 'atomic.deletes')).toMatchObject({
      state: 'failed',
      error: {
        code: 'atomic_executor_unavailable',
        message: 'The atomic executor refused the node run (403 forbidden): Not you.',
        retryable: false,
      },
      repetitions: 0,
    });
    expect(executor.executions).toHaveLength(1);
  });
});
