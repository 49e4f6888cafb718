import { AppError, AtomicExecutorApi } from '#contract';
import type {
  AtomicExecuteOptions,
  AtomicExecuteRequest,
  AtomicExecuteResult,
  ConstraintEnvelope,
  NodeType,
  RequestContext,
} from '#contract';
import { connectDatabase } from '#database';
import type { Database } from '#database';
import type { Logger } from '#http';
import type { PolicyCheckpoint } from '#policy';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { AtomicExecutors } from '../../apps/coordinator/src/atomic-executors/atomic-executors.js';
import { AssignmentTokensService } from '../../apps/coordinator/src/assignments/assignment-tokens.service.js';
import { SecretsRepository } from '../../apps/coordinator/src/assignments/secrets.repository.js';
import { SharedSecretsService } from '../../apps/coordinator/src/assignments/shared-secrets.service.js';
import { DueWorkRepository } from '../../apps/coordinator/src/due-work/due-work.repository.js';
import type { DispatchTicket } from '../../apps/coordinator/src/due-work/dispatch-ticket.js';
import { COORDINATOR_ENTITIES } from '../../apps/coordinator/src/entities.js';
import { startRun } from '../../apps/coordinator/src/lifecycle/start-run.js';
import { MembershipRepository } from '../../apps/coordinator/src/membership/membership.repository.js';
import { DocumentLimits } from '../../apps/coordinator/src/node-runs/document-limits.js';
import { NodeTypesService } from '../../apps/coordinator/src/node-types/node-types.service.js';
import { RunStoreService } from '../../apps/coordinator/src/run-store/run-store.service.js';
import { RunWritesRepository } from '../../apps/coordinator/src/run-store/run-writes.repository.js';
import { bucketOfRun } from '../../apps/coordinator/src/sharding/bucket.js';
import { AdmissionService } from '../../apps/coordinator/src/dispatch/admission.service.js';
import { ExecutorCallsService } from '../../apps/coordinator/src/dispatch/executor-calls.service.js';
import { NodeRunRunnerService } from '../../apps/coordinator/src/dispatch/node-run-runner.service.js';

const NODE_TYPE = { node_type_id: 'test.node', version: '1' };
const OPTIONS = {
  enabled: true,
  concurrency: 1,
  graceMs: 0,
  maxAttempts: 3,
  unavailableAttempts: 3,
  publicUrl: undefined,
  compositeTimeoutMs: 60_000,
};

/** Counts its executions; answers as a test says. */
class FakeExecutor extends AtomicExecutorApi {
  executed = 0;
  /** How long it was given for each answer. */
  readonly waits: (number | undefined)[] = [];
  extensions: Record<string, unknown> = {};
  answer: () => Omit<AtomicExecuteResult, 'node_run_id'> = () => ({ state: 'succeeded', outputs: {} });

  async executeAtomicNodeRun(
    _ctx: RequestContext,
    request: AtomicExecuteRequest,
    options: AtomicExecuteOptions = {},
  ): Promise<AtomicExecuteResult> {
    this.executed += 1;
    this.waits.push(options.timeoutMs);
    await Promise.resolve();
    return { node_run_id: request.node_run_id, ...this.answer() };
  }

  async cancelAtomicNodeRun(): Promise<void> {
    await Promise.resolve();
  }

  async listNodeTypes(): Promise<NodeType[]> {
    return Promise.resolve([{ ...NODE_TYPE, kind: 'atomic', extensions: this.extensions }]);
  }

  async ping(): Promise<void> {
    await Promise.resolve();
  }
}

describe('running one node run, when something goes wrong', () => {
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined } as unknown as Logger;
  const policy = { decide: () => Promise.resolve({ decision: 'allow' }) } as unknown as PolicyCheckpoint;
  let home: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: COORDINATOR_ENTITIES,
      poolSize: 4,
      connectTimeoutMs: 5_000,
      applicationName: 'dispatch.spec',
    });
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  /** What runs node runs, on a database that loses the answers to the commits that a test names, the first being 1. */
  function runnerWith(executor: FakeExecutor, lost: readonly number[] = []) {
    let commits = 0;
    const lossy = Object.create(database) as Database;
    lossy.exchange = async (reads, decide) => {
      await database.exchange(reads, decide);
      commits += 1;
      if (lost.includes(commits)) throw new Error('Connection terminated unexpectedly');
    };
    const tokens = new AssignmentTokensService(new SharedSecretsService(database, new SecretsRepository()), undefined);
    const executors = new AtomicExecutors([executor]);
    const calls = new ExecutorCallsService(executors, undefined, tokens, OPTIONS, logger);
    return new NodeRunRunnerService(
      new RunStoreService(lossy, new RunWritesRepository(), { maxQueued: 100 }, logger),
      new AdmissionService(
        new NodeTypesService(executors, undefined),
        policy,
        calls,
        { defaultExpiryMs: 60_000 },
        logger,
      ),
      calls,
      new DocumentLimits(1_000_000, 1_000_000),
      OPTIONS,
      logger,
    );
  }

  async function started(runId: string, constraints?: ConstraintEnvelope): Promise<DispatchTicket> {
    const store = new RunStoreService(database, new RunWritesRepository(), { maxQueued: 100 }, logger);
    const rootId = await store.execute({
      runId,
      nodeRunIds: [],
      documents: true,
      decide: (draft) => {
        startRun(draft, {
          request: {
            run_id: runId,
            root_node_type_ref: NODE_TYPE,
            input: {},
            ...(constraints === undefined ? {} : { constraints }),
          },
          runContext: {},
          approvalExpiryMs: 60_000,
          principal: { subject: 'test' },
          decision: { decision: 'allow' },
          kind: 'atomic',
          constraints,
          conflict: { code: 'run_already_exists', details: {} },
        });
        return draft.head.root_node_run_id;
      },
    });
    const key = { bucket: bucketOfRun(runId), node_run_id: rootId };
    const [ticket] = await new DueWorkRepository().findTickets(database, [key], new Date());
    return ticket as DispatchTicket;
  }

  const owner = 'coordinator_test';
  const never = new AbortController().signal;
  const run = (runner: NodeRunRunnerService, ticket: DispatchTicket) =>
    runner.run(ticket, {
      owner,
      leaseOf: () => new MembershipRepository().findLease(database, ticket, owner),
      aborted: never,
      stopping: never,
    });
  const rootOf = async (runId: string) => {
    const [row] = await home.query<{ state: string; events: string[]; leases: number; code: string | null }>(
      `select n.state, r.error ->> 'code' as code, (select count(*)::int from leases where run_id = $1) as leases,
              (select array_agg(type order by seq) from run_events where run_id = $1) as events
         from node_runs n left join node_run_results r using (bucket, node_run_id) where n.run_id = $1`,
      [runId],
    );
    return row;
  };

  it('executes once what it took, when the answer to taking it was lost', async () => {
    const executor = new FakeExecutor();
    const ticket = await started('lost_begin');
    await run(runnerWith(executor, [1, 2]), ticket);
    expect(executor.executed).toBe(1);
    expect(await rootOf('lost_begin')).toMatchObject({ state: 'succeeded', leases: 0 });
  });

  it('writes a result once, when the answer to writing it was lost', async () => {
    const executor = new FakeExecutor();
    const ticket = await started('lost_finish');
    await run(runnerWith(executor, [2, 3]), ticket);
    const root = await rootOf('lost_finish');
    expect(root).toMatchObject({ state: 'succeeded', leases: 0 });
    expect(root?.events.filter((type) => type === 'atomic_executed')).toHaveLength(1);
  });

  it.each([3e9, 1e300])('keeps a result that reports %d calls', async (external_calls) => {
    const executor = new FakeExecutor();
    executor.answer = () => ({ state: 'succeeded', outputs: {}, extensions: { 'jarvis.usage': { external_calls } } });
    const ticket = await started(`calls_${external_calls}`);
    await run(runnerWith(executor), ticket);
    expect(await rootOf(`calls_${external_calls}`)).toMatchObject({ state: 'succeeded', leases: 0 });
  });

  it.each([8e15, 9e15])('runs a node run whose run may take %d ms', async (max_wall_time_ms) => {
    const ticket = await started(`wall_${max_wall_time_ms}`, { budgets: { max_wall_time_ms } });
    await run(runnerWith(new FakeExecutor()), ticket);
    expect(await rootOf(`wall_${max_wall_time_ms}`)).toMatchObject({ state: 'succeeded', leases: 0 });
  });

  it('ends a node run whose result cannot be written', async () => {
    const executor = new FakeExecutor();
    executor.answer = () => ({ state: 'succeeded', outputs: { count: 1n } });
    const ticket = await started('unwritable');
    await run(runnerWith(executor), ticket);
    expect(await rootOf('unwritable')).toMatchObject({ state: 'failed', code: 'execution_uncertain', leases: 0 });
  });

  it('keeps a result with characters that Postgres has no text for', async () => {
    const executor = new FakeExecutor();
    executor.answer = () => ({ state: 'succeeded', outputs: { text: 'a\u0000b\ud800' } });
    const ticket = await started('strange_text');
    await run(runnerWith(executor), ticket);
    expect(await rootOf('strange_text')).toMatchObject({ state: 'succeeded', leases: 0 });
  });

  it.each([
    ['irreversible', { state: 'failed', code: 'execution_uncertain', leases: 0 }],
    ['write', { state: 'queued', code: null, leases: 0 }],
  ])('follows the retry policy of what is %s, after no answer came, only where that is safe', async (effect, end) => {
    const executor = new FakeExecutor();
    executor.extensions = { 'jarvis.side_effect': effect, 'jarvis.retry': { max_attempts: 5 } };
    executor.answer = () => {
      throw new AppError('atomic_executor_unavailable');
    };
    const ticket = await started(`policy_${effect}`);
    await run(runnerWith(executor), ticket);
    expect(await rootOf(`policy_${effect}`)).toMatchObject(end);
  });

  it.each([
    [undefined, undefined],
    [86_400_000, 86_430_000],
    [2_147_483_647, 2_147_483_647],
    [1e300, 2_147_483_647],
    ['long', undefined],
  ])('gives a node type whose timeout is %s ms %s ms to answer', async (timeout, wait) => {
    const executor = new FakeExecutor();
    if (timeout !== undefined) executor.extensions = { 'jarvis.timeout_ms': timeout };
    await run(runnerWith(executor), await started(`wait_${timeout}`));
    expect(executor.waits).toEqual([wait]);
    expect(await rootOf(`wait_${timeout}`)).toMatchObject({ state: 'succeeded' });
  });

  it.each(['read', 'write', 'irreversible'])('ends what is %s when its executor refuses it', async (effect) => {
    const executor = new FakeExecutor();
    executor.extensions = { 'jarvis.side_effect': effect, 'jarvis.retry': { max_attempts: 5 } };
    executor.answer = () => {
      throw new AppError('node_run_id_reused');
    };
    const ticket = await started(`refused_${effect}`);
    await run(runnerWith(executor), ticket);
    const root = await rootOf(`refused_${effect}`);
    expect(root).toMatchObject({ state: 'failed', code: 'node_run_id_reused', leases: 0 });
    // Nothing was executed.
    expect(root?.events).not.toContain('atomic_executed');
  });

  it('executes nothing for a ticket that is old', async () => {
    const executor = new FakeExecutor();
    let executions = 0;
    executor.extensions = { 'jarvis.retry': { max_attempts: 2 } };
    executor.answer = () => {
      executions += 1;
      return { state: 'failed', error: { code: 'busy', message: 'Busy.', retryable: true } };
    };
    const ticket = await started('old_ticket');
    await run(runnerWith(executor), ticket);
    expect(await rootOf('old_ticket')).toMatchObject({ state: 'queued' });
    // It was put back for later, under a new epoch.
    await run(runnerWith(executor), ticket);
    expect(executions).toBe(1);
    expect(await rootOf('old_ticket')).toMatchObject({ state: 'queued', leases: 0 });
  });
});
