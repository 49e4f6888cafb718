import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = process.cwd();

/** Compares a generated text with the checked-in file; `npm run docs` writes it instead. */
export function expectCheckedIn(path: string, text: string): void {
  const file = join(ROOT, path);
  if (process.env['ARP_UPDATE_DOCS'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const found = existsSync(file) ? readFileSync(file, 'utf8') : '(missing)';
  if (found !== text) {
    expect(`${path} is not what the code says; run: npm run docs`).toBe(`${path} is up to date`);
  }
}
