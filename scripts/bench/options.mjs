import { Command, InvalidArgumentError, Option } from 'commander';

/** What can be measured, in the order in which it is. */
export const SECTIONS = [
  'echo',
  'ceiling',
  'composite',
  'idle',
  'memory',
  'packs',
  'policy',
  'tools',
  'follow',
  'stored',
];

const FULL = { seconds: 10, storedRuns: 1_000_000, memoryRuns: 10_000, followWrites: 200 };
const QUICK = { seconds: 3, storedRuns: 50_000, memoryRuns: 2_000, followWrites: 50 };

/**
 * Reads the command line; `--help` and what is wrong end the process.
 *
 * @returns {{ seconds: number, callers: number[], only: string[], json: string, storedRuns: number, memoryRuns: number,
 *   followWrites: number, quick: boolean, set: Record<string, string> }} `seconds` per level, `memoryRuns` open runs,
 *   `followWrites` writes per number of followers, `set` further settings of the suite
 */
export function readOptions(argv = process.argv.slice(2)) {
  const { quick = false, ...given } = new Command('npm run bench --')
    .description(
      'Measures the standalone suite on an embedded PostgreSQL of its own, with fsync, in a closed loop through its HTTP API.\n' +
        'Checks every run and exits with 1 when one is not right. docs/benchmarks.md says how to read the figures.',
    )
    .option(
      '--seconds <n>',
      `measured seconds per level (default: ${FULL.seconds}, quick: ${QUICK.seconds})`,
      wholeNumber(1, 3_600),
    )
    .addOption(
      new Option('--callers <list>', 'callers at once, one level each')
        .argParser(callers)
        .default([1, 8, 64], '1,8,64'),
    )
    .addOption(
      new Option('--only <list>', `what to measure, of ${SECTIONS.join(',')}`)
        .argParser(sections)
        .default(SECTIONS, 'all'),
    )
    .option('--json <file>', 'where the figures are written', 'bench-result.json')
    .option(
      '--stored-runs <n>',
      `runs in the filled database (default: ${FULL.storedRuns}, quick: ${QUICK.storedRuns})`,
      wholeNumber(1, 100_000_000),
    )
    .addOption(
      new Option('--set <name=value>', 'a setting of the suite, printed with the figures (repeatable)')
        .argParser(setting)
        .default({}, 'none'),
    )
    .option('--quick', 'a look of a few minutes: shorter, fewer rows, rougher figures')
    .configureHelp({ helpWidth: 110 })
    .parse(argv, { from: 'user' })
    .opts();
  return { quick, ...(quick ? QUICK : FULL), ...given };
}

function wholeNumber(min, max) {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

function callers(text) {
  return [...new Set(text.split(',').map(wholeNumber(1, 10_000)))].sort((left, right) => left - right);
}

function sections(text) {
  const wanted = text.split(',');
  const unknown = wanted.find((name) => !SECTIONS.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${SECTIONS.join(', ')}.`);
  return SECTIONS.filter((name) => wanted.includes(name));
}

function setting(text, settings) {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('must be NAME=value.');
  return { ...settings, [name]: value };
}
