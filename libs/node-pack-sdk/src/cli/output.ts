import { styleText } from 'node:util';

type Mark = 'ok' | 'warn' | 'fail';

/** Where a command writes; colours only for people. */
export interface Output {
  /** To stdout. */
  line(text: string): void;
  /** To stdout, with a mark before it. */
  marked(mark: Mark, text: string): void;
  /** To stderr. */
  problem(text: string): void;
}

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** The terminal or whatever stdout and stderr are. */
export function standardOutput(): Output {
  // hasColors also honours NO_COLOR and FORCE_COLOR.
  const coloured = process.stdout.isTTY && process.stdout.hasColors();
  const paint = (mark: Mark, text: string) => (coloured ? styleText(COLOURS[mark], text) : text);
  return {
    line: (text) => void process.stdout.write(`${text}\n`),
    marked: (mark, text) => void process.stdout.write(`${paint(mark, mark.padEnd(4))} ${text}\n`),
    problem: (text) => void process.stderr.write(`${text}\n`),
  };
}
