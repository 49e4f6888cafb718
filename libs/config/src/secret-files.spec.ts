import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSecret } from './secret-files.js';
import { defineSettings, list, postgresUrl, readSettings, secret, SettingsError, text } from './settings.js';

const definition = defineSettings(
  {
    KEY: secret(4)({ default: undefined, desc: 'k' }),
    DB: postgresUrl({ default: undefined, desc: 'd' }),
    WORD: text({ default: 'x', desc: 'w' }),
    NAMES: list({ default: [], desc: 'n' }),
  },
  { KEY: ['OTHER_KEY'] },
);

describe('a secret in a file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'arp-secrets-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (content: string): string => {
    const path = join(folder, 'secret');
    writeFileSync(path, content);
    return path;
  };
  const problemsOf = (env: Record<string, string>): readonly string[] => {
    try {
      readSettings(definition, env);
    } catch (error) {
      expect(error).toBeInstanceOf(SettingsError);
      return (error as SettingsError).problems;
    }
    return [];
  };

  it.each([
    ['from-a-file', 'from-a-file'],
    ['from-a-file\n', 'from-a-file'],
    ['from-a-file\r\n', 'from-a-file'],
    [' from\na file \n\n', ' from\na file \n'],
  ])('%j is %j', (content, value) => {
    expect(readSettings(definition, { KEY_FILE: file(content) }).KEY).toBe(value);
  });

  it('may be named by another name of the setting, and be of any kind of secret', () => {
    expect(readSettings(definition, { OTHER_KEY_FILE: file('from-a-file') }).KEY).toBe('from-a-file');
    expect(readSettings(definition, { DB_FILE: file('postgres://u:p@h/d\n') }).DB).toBe('postgres://u:p@h/d');
    expect(readSettings(definition, { KEY_FILE: ' ', KEY: 'given' }).KEY).toBe('given');
  });

  it('is not looked for where the setting is no secret', () => {
    expect(readSettings(definition, { WORD_FILE: file('y') }).WORD).toBe('x');
    expect(Object.entries(definition.specs).map(([name, spec]) => [name, isSecret(spec)])).toEqual([
      ['KEY', true],
      ['DB', true],
      ['WORD', false],
      ['NAMES', false],
    ]);
  });

  it.each(['KEY', 'OTHER_KEY'])('is refused beside %s', (name) => {
    const path = file('from-a-file');
    expect(problemsOf({ [name]: 'given', KEY_FILE: path })).toEqual([
      'KEY: is set, and so is KEY_FILE; set one of them',
    ]);
  });

  it('that is not there, is a folder, is empty or not valid is a problem among the others, without its content', () => {
    const missing = join(folder, 'missing');
    expect(problemsOf({ KEY_FILE: missing, DB: 'mysql://h' })).toEqual([
      expect.stringMatching(/^DB: must be a postgres/),
      `KEY_FILE: the file ${missing} cannot be read (ENOENT)`,
    ]);
    expect(problemsOf({ KEY_FILE: folder })).toEqual([`KEY_FILE: the file ${folder} cannot be read (EISDIR)`]);
    expect(problemsOf({ KEY_FILE: file('\n') })).toEqual([`KEY_FILE: the file ${join(folder, 'secret')} is empty`]);
    expect(problemsOf({ KEY_FILE: file('abc') })).toEqual(['KEY: must have at least 4 characters']);
  });
});
