import { createHash, randomBytes } from 'node:crypto';
import { CeilingStore } from './ceiling-store.mjs';
import { closedLoop } from './closed-loop.mjs';
import { ECHO } from './echo-runs.mjs';
import { step } from './progress.mjs';
import { rowsWrittenPerRun } from './written-rows.mjs';

/**
 * What this server can do at most: the rows of an echo run, written by plain SQL in the three transactions that the suite needs
 * too (start, begin, finish), with group commit, and without HTTP, checks and reads.
 */
export async function measureCeiling({ postgres, options }) {
  const callers = Math.max(...options.callers);
  const name = 'bench_ceiling';
  await postgres.createDatabase(name);
  await postgres.migrate(name);
  step(`ceiling: ${callers} callers for ${options.seconds} s`);
  const store = await CeilingStore.open(postgres, name);
  let started = 0;
  const level = await closedLoop({
    callers,
    seconds: options.seconds,
    count: () => postgres.transactions(name),
    once: async () => {
      const from = performance.now();
      await writeEchoRun(store, started++);
      return { run: performance.now() - from };
    },
  });
  await checkRows(store, started);
  await store.close();
  const rows = await rowsWrittenPerRun(postgres, name);
  await postgres.dropDatabase(name);
  return {
    callers,
    runs: level.runs,
    runs_per_second: level.perSecond,
    run_ms: level.times.run,
    transactions_per_run: level.counted,
    written_runs: started,
    rows_written_per_run: rows,
  };
}

/** The rows that the coordinator writes for an echo run; see libs/database/src/migrations for the tables. */
async function writeEchoRun(store, n) {
  const runId = `run_${randomBytes(16).toString('hex')}`;
  const bucket = createHash('sha256').update(runId).digest()[0];
  const nodeRunId = `node_run_${bucket.toString(16).padStart(2, '0')}${randomBytes(15).toString('hex')}`;
  const input = { n, text: 'Hello, bench' };
  const run = { bucket, run_id: runId };
  const nodeRun = { bucket, node_run_id: nodeRunId };
  const event = (seq, time, type, data, node_run_id = nodeRunId) => ({ ...run, seq, time, type, node_run_id, data });
  const policy = (action) => ({
    action,
    decision: 'allow',
    reason_code: 'policy_bypass',
    message: 'Allowed by dev-allow.',
  });

  const createdAt = new Date();
  await store.write({
    insert: {
      runs: [
        {
          ...run,
          tenant_id: null,
          state: 'queued',
          root_node_run_id: nodeRunId,
          last_seq: 3,
          created_at: createdAt,
          started_at: null,
          ended_at: null,
          deadline_at: null,
          node_count: 1,
          steps: 0,
          external_calls: 0,
          cost: 0,
        },
      ],
      run_requests: [
        {
          ...run,
          request_hash: hash(input),
          run_context: {
            trace: {
              trace_id: randomBytes(16).toString('hex'),
              span_id: randomBytes(8).toString('hex'),
              request_id: randomBytes(18).toString('hex'),
            },
          },
          constraints: null,
          metadata: null,
          extensions: null,
        },
      ],
      node_runs: [
        {
          ...nodeRun,
          run_id: runId,
          parent_node_run_id: null,
          node_type_id: ECHO.node_type_id,
          node_type_version: ECHO.version,
          kind: 'atomic',
          state: 'queued',
          depth: 0,
          epoch: 0,
          created_at: createdAt,
          started_at: null,
          ended_at: null,
          child_count: 0,
          decomposition_rounds: 0,
          attempts: 0,
        },
      ],
      node_run_inputs: [{ ...nodeRun, inputs: input, spec: {}, spec_hash: hash(nodeRun), constraints: null }],
      run_events: [
        event(1, createdAt, 'run_started', { root_node_run_id: nodeRunId }),
        event(2, createdAt, 'node_run_assigned', { root: true }),
        event(3, createdAt, 'policy_decided', policy('run.start')),
      ],
      ready: [{ ...nodeRun, run_id: runId, tenant_id: '', run_after: createdAt }],
    },
  });

  const begunAt = new Date();
  await store.write({
    update: {
      runs: [{ ...run, state: 'running', last_seq: 4, started_at: begunAt, ended_at: null, node_count: 1, steps: 1 }],
      node_runs: [{ ...nodeRun, state: 'running', epoch: 1, started_at: begunAt, ended_at: null, attempts: 1 }],
    },
    insert: {
      run_events: [event(4, begunAt, 'policy_decided', policy('node.run.execute'))],
      leases: [{ ...nodeRun, run_id: runId, owner: 'bench', epoch: 1, repeatable: true }],
    },
    delete: { ready: [nodeRun] },
  });

  const endedAt = new Date();
  const evaluation = { status: 'success', reason_code: 'atomic_completed' };
  await store.write({
    update: {
      runs: [
        { ...run, state: 'succeeded', last_seq: 7, started_at: begunAt, ended_at: endedAt, node_count: 1, steps: 1 },
      ],
      node_runs: [{ ...nodeRun, state: 'succeeded', epoch: 1, started_at: begunAt, ended_at: endedAt, attempts: 1 }],
    },
    insert: {
      node_run_results: [
        { ...nodeRun, result_hash: hash(endedAt), outputs: { echo: input }, output_artifacts: null, error: null },
      ],
      node_run_reports: [
        { ...nodeRun, seq: 5, evaluation_result: evaluation, recovery_action: null, idempotency_key: null },
      ],
      run_events: [
        event(5, endedAt, 'node_evaluated', evaluation),
        event(6, endedAt, 'atomic_executed', { state: 'succeeded' }),
        event(7, endedAt, 'run_completed', { state: 'succeeded' }, null),
      ],
    },
    delete: { leases: [nodeRun] },
  });
}

function hash(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** @throws Error when a row is missing or left over */
async function checkRows(store, runs) {
  const found = await store.read(
    `select (select count(*) from runs where state = 'succeeded' and last_seq = 7) as runs,
            (select count(*) from node_runs where state = 'succeeded') as node_runs,
            (select count(*) from node_run_results) as results,
            (select count(*) from run_events) as events,
            (select count(*) from ready) + (select count(*) from leases) as left_over`,
  );
  const counts = Object.fromEntries(Object.entries(found).map(([name, count]) => [name, Number(count)]));
  const { events, left_over, ...perRun } = counts;
  if (events !== runs * 7 || left_over !== 0 || Object.values(perRun).some((count) => count !== runs)) {
    throw new Error(`${runs} runs were written by plain SQL, but the rows are ${JSON.stringify(counts)}`);
  }
}
