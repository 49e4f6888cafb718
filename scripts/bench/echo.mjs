import { EchoRuns } from './echo-runs.mjs';
import { step } from './progress.mjs';
import { withSuite } from './suite.mjs';
import { rowsWrittenPerRun } from './written-rows.mjs';

/** Echo runs per second and their times, one level after the other on the same suite. */
export async function measureEcho({ postgres, options }) {
  const most = Math.max(...options.callers);
  const name = 'bench_echo';
  const result = await withSuite({ postgres, name, connections: most, settings: options.set }, async (suite) => {
    const runs = new EchoRuns(suite, postgres);
    step('echo: warming up');
    await runs.measure(most, options.seconds / 2);
    const levels = [];
    for (const callers of options.callers) {
      step(`echo: ${callers} callers for ${options.seconds} s`);
      levels.push(await runs.measure(callers, options.seconds));
    }
    return { levels, checked_runs: await runs.checkResults() };
  });
  const rows = await rowsWrittenPerRun(postgres, name);
  await postgres.dropDatabase(name);
  return { ...result, rows_written_per_run: rows };
}
