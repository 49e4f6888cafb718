import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processEnvironment, readInvocation } from './process-environment.js';
import { defineSettings, mayBeEmpty, namesThatMayBeEmpty, readSettings, textLike } from './settings.js';

const WORD = 'ARP_SPEC_WORD';
const PREFIX = 'ARP_SPEC_PREFIX';
const OTHER = 'ARP_SPEC_OTHER_PREFIX';
const word = textLike(/^[a-z]*\.?$/, 'letters');
const definition = defineSettings(
  { [WORD]: word({ default: 'x', desc: 'w' }), [PREFIX]: mayBeEmpty(word({ default: 'x.', desc: 'p' })) },
  { [PREFIX]: [OTHER] },
);

describe('an empty value', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'arp-env-'));
    writeFileSync(join(folder, '.env'), `${WORD}=file\n${PREFIX}=file.\n`);
    writeFileSync(join(folder, '.env.local'), `${OTHER}=\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    for (const name of [WORD, PREFIX, OTHER]) delete process.env[name];
  });

  const environment = () => processEnvironment(folder, namesThatMayBeEmpty(definition));

  it('of a variable leaves what the files say, unless the setting may be empty', () => {
    process.env[WORD] = '';
    process.env[PREFIX] = '';
    expect(readSettings(definition, environment())).toEqual({ [WORD]: 'file', [PREFIX]: '' });
  });

  it('is no value of other settings, and a value of one that may be empty, under its other name too', () => {
    expect(readSettings(definition, { [WORD]: ' ', [PREFIX]: ' ' })).toEqual({ [WORD]: 'x', [PREFIX]: '' });
    expect(readSettings(definition, { [OTHER]: '' })).toEqual({ [WORD]: 'x', [PREFIX]: '' });
    expect(readSettings(definition, { [OTHER]: '', [PREFIX]: 'own.' })[PREFIX]).toBe('own.');
    expect(readSettings(definition, {})).toEqual({ [WORD]: 'x', [PREFIX]: 'x.' });
  });

  it('reaches the settings of a command', () => {
    process.env[PREFIX] = '';
    const { settings } = readInvocation(definition, { command: 'c', description: 'd', version: '1' }, []);
    expect(settings[PREFIX]).toBe('');
  });
});

describe('a text that must match', () => {
  it('is refused with what it must be', () => {
    expect(() => readSettings(definition, { [WORD]: '7' })).toThrow(`${WORD}: must be letters, not "7"`);
  });
});
