import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { forEachOf } from './closed-loop.mjs';
import { ECHO } from './echo-runs.mjs';
import { advance, step } from './progress.mjs';
import { withSuite } from './suite.mjs';

const STARTS_AT_ONCE = 32;
const PAUSE_MS = 2_000;
/** Lets the suite collect its garbage when it is asked to, so that what is measured is what it holds. */
const COLLECTS_ON_SIGUSR2 = ['--expose-gc', '--import', 'data:text/javascript,process.on("SIGUSR2",()=>gc())'];

/** Memory of the suite for runs that are open: started, durable and waiting, because nothing dispatches them. */
export async function measureMemory({ postgres, options }) {
  const name = 'bench_memory';
  const settings = { ...options.set, JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' };
  const nodeFlags = COLLECTS_ON_SIGUSR2;
  const result = await withSuite(
    { postgres, name, connections: STARTS_AT_ONCE, settings, nodeFlags },
    async (suite) => {
      const { memoryRuns } = options;
      // The same once before: code is compiled, pools are open, the heap has its size.
      step(`memory: warming up with ${memoryRuns} runs`);
      await startRuns(suite, memoryRuns);
      const before = await residentMiB(suite.pid);
      step(`memory: starting ${memoryRuns} runs`);
      await startRuns(suite, memoryRuns);
      const after = await residentMiB(suite.pid);
      return {
        open_runs: memoryRuns,
        resident_before_mib: before,
        resident_after_mib: after,
        mib_per_10000_runs: ((after - before) / memoryRuns) * 10_000,
      };
    },
  );
  await postgres.dropDatabase(name);
  return result;
}

async function startRuns({ gateway }, count) {
  let started = 0;
  await forEachOf(Array.from({ length: count }).keys(), STARTS_AT_ONCE, async (n) => {
    const run = await gateway.post('/v1/runs', { root_node_type_ref: ECHO, input: { n, text: 'Hello, bench' } });
    if (run.state !== 'queued') throw new Error(`run ${run.run_id} is ${run.state}, although nothing dispatches it`);
    started += 1;
    if (started % 1_000 === 0) advance(`${started}`);
  });
}

/** Resident memory of a process after it has collected its garbage. */
async function residentMiB(pid) {
  for (let round = 0; round < 2; round += 1) {
    process.kill(pid, 'SIGUSR2');
    await sleep(PAUSE_MS);
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
}
