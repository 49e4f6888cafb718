import {
  defineSettings,
  exactUrl,
  httpUrl,
  httpUrls,
  list,
  port,
  postgresUrl,
  readSettings,
  secret,
  SettingsError,
  text,
  wholeNumber,
  yesNo,
} from './settings.js';

const definition = defineSettings(
  {
    URL_A: httpUrl({ default: undefined, desc: 'a' }),
    DB: postgresUrl({ default: undefined, desc: 'b' }),
    COUNT: wholeNumber({ min: 1, max: 9 })({ default: 3, desc: 'c' }),
    ON: yesNo({ default: true, desc: 'd' }),
    NAMES: list({ default: [], desc: 'e' }),
    PORT_A: port({ default: 8080, desc: 'f' }),
    KEY: secret(12)({ default: undefined, desc: 'h' }),
    WORD: text({ default: 'x', choices: ['x', 'y'] as const, desc: 'g' }),
  },
  { URL_A: ['OTHER_URL'] },
);

describe('settings', () => {
  it('have defaults, and an empty value counts as not given', () => {
    const settings = readSettings(definition, { COUNT: '', NAMES: ' ' });
    expect(settings).toEqual({
      URL_A: undefined,
      DB: undefined,
      COUNT: 3,
      ON: true,
      NAMES: [],
      PORT_A: 8080,
      WORD: 'x',
    });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it('are read under their other names, their own name first; URLs lose a trailing slash and /v1', () => {
    expect(readSettings(definition, { OTHER_URL: 'http://h:1/v1/' }).URL_A).toBe('http://h:1');
    expect(readSettings(definition, { OTHER_URL: 'http://h:1', URL_A: 'https://own/base/' }).URL_A).toBe(
      'https://own/base',
    );
  });

  it('are of their type', () => {
    expect(readSettings(definition, { COUNT: '9', ON: 'no', NAMES: 'a, b,,c', PORT_A: '0', WORD: 'y' })).toMatchObject({
      COUNT: 9,
      ON: false,
      NAMES: ['a', 'b', 'c'],
      PORT_A: 0,
      WORD: 'y',
    });
  });

  it('URLs that are shown to everybody have no password, and the refusal does not repeat it', () => {
    const shown = defineSettings({ SHOWN: exactUrl({ default: undefined, desc: 'a' }) });
    expect(readSettings(shown, { SHOWN: 'https://h/realms/x/' }).SHOWN).toBe('https://h/realms/x/');
    const read = () => readSettings(shown, { SHOWN: 'https://me:hunter2@h/realms/x' });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(/^These settings are not right:\n {2}- SHOWN: must not have a password in it$/);
  });

  it('URLs may be several, separated by commas', () => {
    const several = defineSettings({ URLS: httpUrls({ default: undefined, desc: 'a' }) });
    const read = (URLS: string) => readSettings(several, { URLS }).URLS;
    expect(read('')).toBeUndefined();
    expect(read('http://h:1/v1/')).toEqual(['http://h:1']);
    expect(read('http://h:1/, https://own/base/v1,')).toEqual(['http://h:1', 'https://own/base']);
    expect(() => read('http://h:1,h:2')).toThrow('URLS: must be an http:// or https:// URL');
    expect(() => read('http://h:1,http://h:2,http://h:1/v1')).toThrow('names http://h:1 twice');
    expect(() => read(',')).toThrow('at least one URL');
  });

  it('that are wrong are all named at once, without repeating a secret', () => {
    const read = () =>
      readSettings(definition, {
        URL_A: 'ftp://x',
        DB: 'mysql://u:hunter2@h/d',
        COUNT: '10',
        ON: 'perhaps',
        PORT_A: '70000',
        WORD: 'z',
        KEY: 'too-short',
      });
    expect(read).toThrow(SettingsError);
    try {
      read();
    } catch (error) {
      const { problems, message } = error as SettingsError;
      expect(problems.map((problem) => problem.split(':')[0])).toEqual([
        'COUNT',
        'DB',
        'KEY',
        'ON',
        'PORT_A',
        'URL_A',
        'WORD',
      ]);
      expect(message).not.toMatch(/hunter2|too-short/);
    }
  });
});
