import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ERROR_CATALOGUE } from '#contract';
import { settingsByService } from './settings.js';

/** docs/tool-gateway.md names tests as proofs: they must be there. */
describe('docs/tool-gateway.md', () => {
  const text = readFileSync('docs/tool-gateway.md', 'utf8');
  const specs = ['apps', 'libs', 'node-packs', 'test'].flatMap(specsBelow);

  it('names tests that are there', () => {
    const sources = specs.map((file) => readFileSync(file, 'utf8').replaceAll('’', "'")).join('\n');
    const named = [...text.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name.replaceAll('’', "'"));
    expect(named.length).toBeGreaterThan(15);
    // Three dots stand for what is different in each row, or is left out at the end.
    const isThere = (name: string) => name.split(/ … | …|…/).every((part) => sources.includes(part));
    expect(named.filter((name) => !isThere(name))).toEqual([]);
  });

  it('names spec files that are there', () => {
    const known = new Set(specs.map((file) => basename(file)));
    const named = [...text.matchAll(/[\w./-]+\.spec\.ts/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !known.has(basename(name)))).toEqual([]);
    const paths = named.filter((name) => /^(apps|libs|node-packs|test)\//.test(name));
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('names settings and error codes that are there, and links to files that are there', () => {
    const settings = new Set(settingsByService().flatMap(([, all]) => all.map(({ name }) => name)));
    const named = [...text.matchAll(/\b(?:ARP|JARVIS)_[A-Z_]*[A-Z]\b/g)].map(([name]) => name);
    expect(named.filter((name) => !settings.has(name))).toEqual([]);
    for (const [, status, code = ''] of text.matchAll(/\b([45]\d\d) `([a-z_]+)`/g)) {
      expect({ code, status: ERROR_CATALOGUE[code as keyof typeof ERROR_CATALOGUE]?.status }).toEqual({
        code,
        status: Number(status),
      });
    }
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      expect({ target, exists: existsSync(join('docs', target)) }).toEqual({ target, exists: true });
    }
  });

  it('every numbered weakness has a test', () => {
    const sources = specs.map((file) => readFileSync(file, 'utf8')).join('\n');
    const tested = (number: number) => new RegExp(`weakness ${number}: `).test(sources);
    expect(Array.from({ length: 24 }, (_, at) => at + 1).filter((number) => !tested(number))).toEqual([]);
  });
});

function specsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist'].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return specsBelow(path);
    return path.endsWith('.spec.ts') ? [path] : [];
  });
}
