import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { ROOT } from '../install.mjs';
import { measureCeiling } from './ceiling.mjs';
import { measureComposite } from './composite.mjs';
import { measureEcho } from './echo.mjs';
import { endEverything, endOnSignals, isEnding } from './ending.mjs';
import { measureFollow } from './follow.mjs';
import { measureIdle } from './idle.mjs';
import { measureMemory } from './memory.mjs';
import { measurePacks } from './packs.mjs';
import { measurePolicy } from './policy.mjs';
import { startPostgres } from './postgres.mjs';
import { clearProgress, step } from './progress.mjs';
import { present } from './report.mjs';
import { measureStored } from './stored.mjs';
import { measureTools } from './tools.mjs';

const MEASURES = {
  echo: measureEcho,
  ceiling: measureCeiling,
  composite: measureComposite,
  idle: measureIdle,
  memory: measureMemory,
  packs: measurePacks,
  policy: measurePolicy,
  tools: measureTools,
  follow: measureFollow,
  stored: measureStored,
};

/**
 * Measures what was asked for, prints the tables, writes the JSON, and ends the process: with 0, or with 1 when something failed;
 * then the figures up to there are printed and written.
 *
 * @param {ReturnType<import('./options.mjs').readOptions>} options
 */
export async function bench(options) {
  endOnSignals();
  const report = { date: new Date().toISOString(), commit: commit(), environment: undefined, options, results: {} };
  try {
    step('starting PostgreSQL');
    const postgres = await startPostgres((sentence) => step(sentence));
    report.environment = {
      node: process.version,
      cpus: availableParallelism(),
      load_average: loadavg()[0],
      ...(await postgres.description()),
    };
    for (const name of options.only) {
      step(name);
      report.results[name] = await MEASURES[name]({ postgres, options });
    }
  } catch (error) {
    if (isEnding()) return;
    report.failure = error.message;
  }
  clearProgress();
  if (report.environment !== undefined) process.stdout.write(present(report));
  if (report.failure !== undefined) process.stderr.write(`error: ${report.failure}\n`);
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  await endEverything();
  process.exit(report.failure === undefined ? 0 : 1);
}

/** The commit that is measured, with a + when files differ from it; undefined outside of a clone. */
function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  const head = git('rev-parse', '--short', 'HEAD');
  if (head.status !== 0) return undefined;
  return head.stdout.trim() + (git('status', '--porcelain').stdout.trim() === '' ? '' : '+');
}
