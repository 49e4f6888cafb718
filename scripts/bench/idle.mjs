import { setTimeout as sleep } from 'node:timers/promises';
import { EchoRuns } from './echo-runs.mjs';
import { step } from './progress.mjs';
import { withSuite } from './suite.mjs';

const RUNS_BEFORE = 50;
/** A session of PostgreSQL that went idle reports its last transactions after 10 s. */
const SETTLE_MS = 12_000;
const MEASURED_MS = 30_000;

/** Transactions per second of a suite that nobody uses. */
export async function measureIdle({ postgres, options }) {
  const name = 'bench_idle';
  const result = await withSuite({ postgres, name, connections: 4, settings: options.set }, async (suite) => {
    const runs = new EchoRuns(suite, postgres);
    for (let n = 0; n < RUNS_BEFORE; n += 1) await runs.once();
    const checked = await runs.checkResults();
    step('idle: waiting until the suite is');
    await sleep(SETTLE_MS);
    step(`idle: watching for ${MEASURED_MS / 1_000} s`);
    const before = await postgres.transactions(name);
    const from = performance.now();
    await sleep(MEASURED_MS);
    const transactions = (await postgres.transactions(name)) - before;
    const seconds = (performance.now() - from) / 1_000;
    return {
      coordinators: 1,
      seconds,
      transactions,
      transactions_per_second: transactions / seconds,
      checked_runs: checked,
    };
  });
  await postgres.dropDatabase(name);
  return result;
}
