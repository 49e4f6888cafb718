import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { closedLoop, forEachOf } from './closed-loop.mjs';
import { checkEchoResult, ECHO } from './echo-runs.mjs';
import { atEnd } from './ending.mjs';
import { step } from './progress.mjs';
import { withSuite } from './suite.mjs';

const ROOT_NODE_TYPE = { node_type_id: 'composite.bench', version: '1.0.0' };
const CHILDREN = 3;
const CHECKS_AT_ONCE = 32;
/** The suite under test has no composite dispatch. */
const MISSING = 'composite_executor_unconfigured';

/** Runs of a composite with three echo children, driven by an executor in a process of its own. */
export async function measureComposite({ postgres, options }) {
  const most = Math.max(...options.callers);
  const name = 'bench_composite';
  // Each run holds a connection with its events, and needs another to report.
  const executor = await startExecutor(most * 2);
  const settings = {
    ...options.set,
    JARVIS_COMPOSITE_EXECUTOR_URL: executor.url,
    JARVIS_RUN_COORDINATOR_PUBLIC_URL: '{coordinator}',
  };
  const measured = withSuite({ postgres, name, connections: most, settings }, async (suite) => {
    if ((await probe(suite)) === MISSING) return { skipped: `the suite fails composite node runs with ${MISSING}` };
    const runs = new CompositeRuns(suite);
    const count = () => postgres.transactions(name);
    step('composite: warming up');
    await closedLoop({ callers: most, seconds: options.seconds / 2, once: () => runs.once() });
    const levels = [];
    for (const callers of options.callers) {
      step(`composite: ${callers} callers for ${options.seconds} s`);
      const level = await closedLoop({ callers, seconds: options.seconds, once: () => runs.once(), count });
      levels.push({
        callers,
        runs: level.runs,
        runs_per_second: level.perSecond,
        start_ms: level.times.start,
        end_to_end_ms: level.times.endToEnd,
        transactions_per_run: level.counted,
      });
    }
    return { levels, checked_runs: await runs.checkResults() };
  });
  // The executor's word on what went wrong comes before that of a run that does not end.
  const result = await Promise.race([measured, executor.failed]);
  await executor.stop();
  await postgres.dropDatabase(name);
  return result;
}

async function startExecutor(connections) {
  const child = fork(fileURLToPath(new URL('composite-executor.mjs', import.meta.url)), [
    ECHO.version,
    String(connections),
  ]);
  const gone = once(child, 'exit');
  const stop = atEnd(async () => {
    if (child.connected) child.disconnect();
    await gone;
  });
  const [{ url }] = await once(child, 'message');
  const failed = new Promise((_, reject) => {
    child.on('message', ({ failure }) => reject(new Error(failure)));
  });
  failed.catch(() => undefined);
  return { url, failed, stop };
}

/** @returns the error code of a first run when it fails */
async function probe({ gateway, coordinator }) {
  const run = await gateway.post('/v1/runs', { root_node_type_ref: ROOT_NODE_TYPE, input: {} });
  await gateway.text(`/v1/runs/${run.run_id}/events?follow=1`);
  const root = await coordinator.get(`/v1/node-runs/${run.root_node_run_id}`);
  return root.extensions?.['jarvis.completion_error']?.code;
}

class CompositeRuns {
  #suite;
  #started = [];

  constructor(suite) {
    this.#suite = suite;
  }

  async once() {
    const { gateway } = this.#suite;
    const input = { n: this.#started.length, text: 'Hello, bench' };
    const sentAt = performance.now();
    const run = await gateway.post('/v1/runs', { root_node_type_ref: ROOT_NODE_TYPE, input });
    const answeredAt = performance.now();
    const log = await gateway.text(`/v1/runs/${run.run_id}/events?follow=1`);
    const endedAt = performance.now();
    checkEvents(run, log);
    this.#started.push({ rootId: run.root_node_run_id, input });
    return { start: answeredAt - sentAt, endToEnd: endedAt - sentAt };
  }

  /** Reads the results of every run so far: that of the root, and those of its children. @returns how many runs */
  async checkResults() {
    const runs = this.#started.splice(0);
    step(`checking the results of ${runs.length} composite runs`);
    const { coordinator } = this.#suite;
    await forEachOf(runs, CHECKS_AT_ONCE, async ({ rootId, input }) => {
      const { state, outputs } = await coordinator.get(`/v1/node-runs/${rootId}`);
      if (state !== 'succeeded' || outputs?.children?.length !== CHILDREN) {
        throw new Error(`node run ${rootId} is ${state} with ${JSON.stringify(outputs)}`);
      }
      for (const [index, id] of outputs.children.entries()) {
        checkEchoResult(await coordinator.get(`/v1/node-runs/${id}`), { ...input, child: index });
      }
    });
    return runs.length;
  }
}

/** What must be in the log of such a run, whatever else the coordinator records. @throws Error that says what is not right */
function checkEvents({ run_id, root_node_run_id }, log) {
  const events = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const count = (type, matches = () => true) => events.filter((event) => event.type === type && matches(event)).length;
  const children = new Set(
    events
      .filter(({ type, node_run_id }) => type === 'node_run_assigned' && node_run_id !== root_node_run_id)
      .map(({ node_run_id }) => node_run_id),
  );
  const succeeded = ({ data }) => data.state === 'succeeded';
  const found = {
    inOrder: events.every((event, index) => event.seq === index + 1 && event.run_id === run_id),
    first: events[0].type,
    last: events.at(-1).type,
    completed: count('run_completed', succeeded),
    decomposed: count('composite_decomposed', ({ data }) => data.node_run_count === CHILDREN),
    children: children.size,
    started: count('policy_decided', ({ data }) => data.action === 'run.start'),
    executed: count('policy_decided', ({ data }) => data.action === 'node.run.execute'),
    childrenSucceeded: count('atomic_executed', (event) => succeeded(event) && children.has(event.node_run_id)),
    childrenEvaluated: count('node_evaluated', ({ node_run_id }) => children.has(node_run_id)),
    rootReported: count('node_evaluated', ({ data }) => data.reason_code === 'children_ended'),
  };
  const expected = {
    inOrder: true,
    first: 'run_started',
    last: 'run_completed',
    completed: 1,
    decomposed: 1,
    children: CHILDREN,
    started: 1,
    executed: CHILDREN + 1,
    childrenSucceeded: CHILDREN,
    childrenEvaluated: CHILDREN,
    rootReported: 1,
  };
  if (!isDeepStrictEqual(found, expected)) {
    throw new Error(`run ${run_id} has other events than a composite of ${CHILDREN}: ${JSON.stringify(found)}\n${log}`);
  }
}
