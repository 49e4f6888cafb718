import type { Readable } from 'node:stream';
import { OutputLines } from './output-lines.js';
import { Pace } from './pace.js';

const PACE = { bytes: 2_097_152, items: 20_000 };

/** Gives line by line what a process prints to one of its streams. */
export function captureOutput(stream: Readable, onLine: (line: string) => void): Pace {
  const pace = new Pace(stream, PACE);
  let count = 0;
  const lines = new OutputLines((line) => {
    count += 1;
    onLine(line);
  });
  stream.on('data', (chunk: Buffer) => {
    const before = count;
    lines.push(chunk);
    pace.spend(chunk.length, count - before);
  });
  stream.on('end', () => lines.flush());
  stream.on('error', () => undefined);
  return pace;
}
