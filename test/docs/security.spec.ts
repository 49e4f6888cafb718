/** docs/security.md names permissions, roles, settings and tests: each has to be there. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authSettings, resolveAuth } from '#auth';
import { readSettings } from '#config';
import { ERROR_CATALOGUE, PERMISSIONS } from '#contract';
import { settingsByService } from './settings.js';

const TESTS = [
  'test/auth',
  'test/tool-gateway',
  'test/keycloak',
  'test/docs',
  'libs/auth/src',
  'libs/auth/src/outbound',
];
const ASSIGNMENTS = 'apps/coordinator/src/assignments/assignment-tokens.service.spec.ts';

describe('docs/security.md', () => {
  let text: string;
  let tests: string;
  beforeAll(async () => {
    text = await readFile('docs/security.md', 'utf8');
    const folders = await Promise.all(
      TESTS.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
    );
    const files = folders.flat().filter((file) => /(\.spec|-scenario|-attacks)\.ts$/.test(file));
    tests = (await Promise.all([...files, ASSIGNMENTS].map((file) => readFile(file, 'utf8')))).join('\n');
  });

  /** Rows of the table with this heading: the words in backquotes of each cell. */
  function tableOf(heading: string): string[][][] {
    const after = text.slice(text.search(new RegExp(`^\\| ${heading} +\\|`, 'm')));
    const rows = after.split('\n\n', 1)[0]?.split('\n').slice(2) ?? [];
    return rows.map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)),
    );
  }

  it('has every permission', () => {
    const named = tableOf('permission').map(([first = []]) => first[0] ?? '');
    expect(named.sort()).toEqual([...PERMISSIONS].sort());
  });

  it('has every role with what it gives by default', () => {
    const { grants } = resolveAuth(readSettings(authSettings, {}), { audiences: ['me'], mode: 'required' });
    const said = new Map(tableOf('role').map(([[role = ''] = [], words = []]) => [role, words]));
    const given = (role: string) => [...(grants.get(role) ?? [])].sort();
    expect([...said.keys()]).toEqual([...grants.keys(), 'authenticated', 'anonymous']);
    expect(given('arp-admin')).toEqual([...PERMISSIONS].sort());
    for (const [role, words] of said) {
      if (role === 'arp-admin') continue;
      const named = words.flatMap((word) => (said.has(word) ? given(word) : [word]));
      expect([role, named.sort()]).toEqual([role, given(role)]);
    }
  });

  it('names settings and error codes that are there', () => {
    const settings = new Set(
      settingsByService().flatMap(([, all]) => all.flatMap(({ name, aliases, file }) => [name, ...aliases, file])),
    );
    const named = new Set([...text.matchAll(/\b(?:ARP|JARVIS)_[A-Z_]*[A-Z]\b/g)].map(([name]) => name));
    expect(named.size).toBeGreaterThan(20);
    expect([...named].filter((name) => !settings.has(name))).toEqual([]);
    for (const [, status, code = ''] of text.matchAll(/\b([45]\d\d) `([a-z]+_[a-z_]+|unauthorized|forbidden)`/g)) {
      if (code === 'insufficient_scope') continue;
      expect({ code, status: String(ERROR_CATALOGUE[code as keyof typeof ERROR_CATALOGUE]?.status) }).toEqual({
        code,
        status,
      });
    }
  });

  it('names tests that are there', () => {
    const named = [...text.matchAll(/“([^”…]+)”/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((name) => !["'", '`'].some((quote) => tests.includes(`${quote}${name}${quote}`)))).toEqual([]);
  });

  it('links to files and headings that are there', async () => {
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, target = ''] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(target);
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) await readFile(join('docs', target));
  });
});
