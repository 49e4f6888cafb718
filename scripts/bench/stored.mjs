import { EchoRuns } from './echo-runs.mjs';
import { fillWithRuns } from './stored-runs.mjs';
import { step } from './progress.mjs';
import { withSuite } from './suite.mjs';

/** The echo rate on an empty database and then on a full one, with the same suite and the same callers. */
export async function measureStored({ postgres, options }) {
  const callers = Math.max(...options.callers);
  const name = 'bench_stored';
  const result = await withSuite({ postgres, name, connections: callers, settings: options.set }, async (suite) => {
    const runs = new EchoRuns(suite, postgres);
    step('stored: warming up');
    await runs.measure(callers, options.seconds / 2);
    step(`stored: ${callers} callers for ${options.seconds} s on an empty database`);
    const empty = await runs.measure(callers, options.seconds);
    await fillWithRuns({ postgres, suite, count: options.storedRuns });
    step(`stored: ${callers} callers for ${options.seconds} s with ${options.storedRuns} stored runs`);
    const full = await runs.measure(callers, options.seconds);
    return {
      stored_runs: options.storedRuns,
      empty,
      full,
      ratio: full.runs_per_second / empty.runs_per_second,
      checked_runs: await runs.checkResults(),
    };
  });
  step('stored: dropping the database');
  await postgres.dropDatabase(name);
  return result;
}
