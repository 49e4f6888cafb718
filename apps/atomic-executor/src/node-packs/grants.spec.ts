import { grantedNames, grantsOf, mayReadCredential, readGrants } from './grants.js';

const NOTHING = { filesRead: [], filesWrite: [], childProcess: false, workerThreads: false, nativeAddons: false };

describe('JARVIS_NODEPACK_GRANTS', () => {
  const grants = readGrants([
    'acme.reports:files.read:/srv/reports',
    'acme.reports:files.read:/srv/with:colon',
    'acme.reports:credential:serpapi',
    'acme.reports:files.write:/srv/out',
    'acme.build:child_process',
    'acme.build:worker_threads',
    'acme.build:native_addons',
  ]);

  it('gives a pack what it asks for and the operator grants, and nothing else', () => {
    expect(grantsOf(grants, 'acme.reports', ['files.read', 'child_process'])).toEqual({
      ...NOTHING,
      filesRead: ['/srv/reports', '/srv/with:colon'],
    });
    expect(grantsOf(grants, 'acme.reports')).toEqual(NOTHING);
    expect(grantsOf(grants, 'acme.other', ['files.read'])).toEqual(NOTHING);
    expect(grantsOf(grants, 'acme.build', ['child_process', 'worker_threads', 'native_addons'])).toEqual({
      ...NOTHING,
      childProcess: true,
      workerThreads: true,
      nativeAddons: true,
    });
  });

  it.each<[string, boolean, string, boolean]>([
    ['jarvis.any', true, 'serpapi', true],
    ['acme.mine', false, 'acme.mine', true],
    ['acme.mine', false, 'serpapi', false],
    ['acme.reports', false, 'serpapi', true],
    ['acme.reports', false, 'openai', false],
    ['serpapi', false, 'acme.reports', false],
  ])('%s (first party: %s) may read the credential %s: %s', (packId, isFirstParty, name, may) => {
    expect(mayReadCredential(grants, { packId, isFirstParty }, name)).toBe(may);
  });

  it('names what a pack got', () => {
    expect(grantedNames(grantsOf(grants, 'acme.reports', ['files.write', 'files.read']))).toEqual([
      'files.read',
      'files.write',
    ]);
    expect(grantedNames(NOTHING)).toEqual([]);
  });

  it.each([
    'acme.reports',
    'acme.reports:network',
    ':child_process',
    'a.b:files.read',
    'a.b:child_process:/x',
    'a.b:credential',
    'a.b:credential:',
    'a.b:credential:x:y',
  ])('refuses to start with "%s", and says how it is written', (entry) => {
    expect(() => readGrants([entry])).toThrow(`"${entry}"; an entry is <pack id>:<permission>`);
  });
});
