import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { importPack, openInProcess, REFUSAL_CODES } from '@arp-jarvis/node-pack-sdk/runtime';
import type { PackHost, RefusalCode } from '@arp-jarvis/node-pack-sdk/runtime';
import { isNamed, loadNodePacks, PacksRefusedError } from './load.js';
import type { LoadedPacks, LoadOptions } from './load.js';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'node-packs-')));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

const OBJECT = { type: 'object' };

function manifestNode(id: string, more: object = {}) {
  return {
    id,
    description: 'Gives back what it gets.',
    input_schema: OBJECT,
    output_schema: OBJECT,
    side_effect: 'read',
    trust_tier: 'third_party',
    idempotent: true,
    ...more,
  };
}

interface FixturePack {
  /** Name of the package and, unless `folder` says otherwise, of its folder below node_modules. */
  readonly name: string;
  readonly folder?: string;
  readonly packId?: string;
  readonly packageJson?: object;
  /** The field `jarvis`; undefined: one that is right. */
  readonly jarvis?: unknown;
  /** undefined: one that is right; null: none. */
  readonly manifest?: unknown;
  readonly nodeIds?: readonly string[];
  /** Source of the entry; undefined: ESM with a handler for each node; null: none. */
  readonly code?: string | null;
}

/** Writes a package as npm would install it and returns its folder. */
function writePack(fixture: FixturePack): string {
  const packId = fixture.packId ?? 'acme.demo';
  const nodeIds = fixture.nodeIds ?? [`${packId}.echo`];
  const folder = join(root, 'node_modules', fixture.folder ?? fixture.name);
  write(join(folder, 'package.json'), {
    name: fixture.name,
    version: '1.2.3',
    type: 'module',
    jarvis: fixture.jarvis ?? {
      schemaVersion: 1,
      nodepacks: { [packId]: { entry: './index.js', manifest: './jarvis.nodepack.json' } },
      compat: { sdk: '^0.1.0' },
    },
    ...fixture.packageJson,
  });
  if (fixture.manifest !== null) {
    const right = { schema_version: 1, id: packId, version: '1.2.3', nodes: nodeIds.map((id) => manifestNode(id)) };
    write(join(folder, 'jarvis.nodepack.json'), fixture.manifest ?? right);
  }
  if (fixture.code !== null) write(join(folder, 'index.js'), fixture.code ?? esm(packId, nodeIds));
  return folder;
}

function packLiteral(packId: string, nodeIds: readonly string[]): string {
  const nodes = nodeIds.map((id) => `{ id: '${id}', run: (inputs) => inputs }`);
  return `{ id: '${packId}', version: '1.2.3', nodes: [${nodes.join(', ')}] }`;
}

function esm(packId: string, nodeIds: readonly string[]): string {
  return `export default ${packLiteral(packId, nodeIds)};`;
}

/** Runs nothing but what the tests are about: loading. */
async function open(entryFile: string, packId: string, timeoutMs = 30_000): Promise<PackHost> {
  const { handlers } = await importPack(entryFile, packId, timeoutMs);
  return openInProcess(handlers, { graceMs: 0, maxOutputBytes: 1_000 });
}

/** Loads with the given packages as the host's direct dependencies. */
function load(dependencies: readonly string[], options: Partial<LoadOptions> = {}): Promise<LoadedPacks> {
  const hostPackageJson = join(root, 'package.json');
  write(hostPackageJson, { name: 'host', dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])) });
  return loadNodePacks({
    hostPackageJson,
    paths: [],
    deny: [],
    firstParty: ['@arp-jarvis/'],
    strict: false,
    open: ({ entryFile, packId }) => open(entryFile, packId),
    ...options,
  });
}

describe('loadNodePacks', () => {
  it('loads ESM, CommonJS (both ways to export) and scoped packages', async () => {
    const commonJs = { type: 'commonjs' };
    writePack({ name: 'esm-pack', packId: 'acme.esm' });
    writePack({ name: '@acme/scoped-pack', packId: 'acme.scoped' });
    writePack({
      name: 'cjs-pack',
      packId: 'acme.cjs',
      packageJson: commonJs,
      code: `module.exports = ${packLiteral('acme.cjs', ['acme.cjs.echo'])};`,
    });
    writePack({
      name: 'transpiled-pack',
      packId: 'acme.transpiled',
      packageJson: commonJs,
      code: `exports.__esModule = true; exports.default = ${packLiteral('acme.transpiled', ['acme.transpiled.echo'])};`,
    });

    const { nodes, refusals } = await load(['esm-pack', '@acme/scoped-pack', 'cjs-pack', 'transpiled-pack']);

    expect(refusals).toEqual([]);
    expect([...nodes.keys()].sort()).toEqual([
      'acme.cjs.echo',
      'acme.esm.echo',
      'acme.scoped.echo',
      'acme.transpiled.echo',
    ]);
    for (const { pack, host, manifest } of nodes.values()) {
      expect(host.handlerIds).toEqual([manifest.id]);
      expect(pack.version).toBe('1.2.3');
    }
  });

  it('compiles the schemas with formats, and tells every error of a value', async () => {
    const schema = {
      type: 'object',
      properties: { url: { type: 'string', format: 'uri' }, count: { type: 'integer' } },
      required: ['url', 'count'],
      additionalProperties: false,
    };
    const nodes = [manifestNode('acme.demo.echo', { input_schema: schema })];
    writePack({ name: 'demo', manifest: { schema_version: 1, id: 'acme.demo', version: '1.2.3', nodes } });

    const node = (await load(['demo'])).nodes.get('acme.demo.echo');

    expect(node?.validateInputs({ url: 'https://example.org/', count: 1 })).toBe(true);
    expect(node?.validateInputs({ url: 'not a url', count: 'x', more: true })).toBe(false);
    expect(node?.validateInputs.errors).toHaveLength(3);
  });

  it('takes packs from folders that are packs or hold packs, and takes a pack that it finds twice once', async () => {
    const single = writePack({ name: 'one', folder: '../packs-a/one', packId: 'acme.one' });
    writePack({ name: 'two', folder: '../packs-b/two', packId: 'acme.two' });
    writePack({ name: '@acme/three', folder: '../packs-b/@acme/three', packId: 'acme.three' });
    write(join(root, 'packs-b', '@README'), 'a file, not a scope');
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    symlinkSync(single, join(root, 'node_modules', 'one'));

    const { nodes, refusals } = await load(['one'], { paths: [single, join(root, 'packs-b')] });

    expect(refusals).toEqual([]);
    expect([...nodes.keys()].sort()).toEqual(['acme.one.echo', 'acme.three.echo', 'acme.two.echo']);
  });

  it('looks at direct dependencies only, and at no package without the field jarvis', async () => {
    writePack({ name: 'not-a-dependency', packId: 'acme.other' });
    write(join(root, 'node_modules', 'plain', 'package.json'), { name: 'plain', version: '1.0.0' });
    expect(await load(['plain', 'not-installed'])).toEqual({ packs: [], nodes: new Map(), refusals: [] });
  });

  it('lets a pack of the first party have jarvis. ids', async () => {
    writePack({ name: '@arp-jarvis/node-pack-demo', packId: 'jarvis.demo' });
    const { nodes } = await load(['@arp-jarvis/node-pack-demo']);
    expect([...nodes.keys()]).toEqual(['jarvis.demo.echo']);
  });

  it('takes no folder for one of the first party, whatever it calls itself', async () => {
    const folder = writePack({ name: '@arp-jarvis/node-pack-demo', folder: '../packs/demo', packId: 'jarvis.demo' });
    const { refusals } = await load([], { paths: [folder] });
    expect(refusals.map(({ code }) => code)).toEqual(['node_id_reserved']);
  });

  it('knows a folder by its path, whatever it calls itself; a denied name is denied everywhere', async () => {
    const folder = writePack({ name: 'allowed', folder: '../packs/demo' });
    const codes = async (options: Partial<LoadOptions>) =>
      (await load([], { paths: [folder], ...options })).refusals.map(({ code }) => code);
    expect(await codes({ allow: ['allowed'] })).toEqual(['pack_denied']);
    expect(await codes({ allow: [folder] })).toEqual([]);
    expect(await codes({ allow: [`${join(root, 'packs')}/*`] })).toEqual([]);
    expect(await codes({ deny: [folder] })).toEqual(['pack_denied']);
    expect(await codes({ deny: ['allowed'] })).toEqual(['pack_denied']);
    const { packs } = await load([], { paths: [folder] });
    const named = (list: string[]) => packs.map(({ pack }) => isNamed(list, { ...pack, name: pack.packageName }));
    expect([named(['allowed']), named([folder])]).toEqual([[false], [true]]);
  });

  it('knows whole scopes in both lists', async () => {
    writePack({ name: '@acme/one', packId: 'acme.one' });
    writePack({ name: '@acme/two', packId: 'acme.two' });
    writePack({ name: '@other/three', packId: 'other.three' });
    const all = ['@acme/one', '@acme/two', '@other/three'];
    const { nodes } = await load(all, { allow: ['@acme/*'], deny: ['@acme/two'] });
    expect([...nodes.keys()]).toEqual(['acme.one.echo']);
    expect([...(await load(all, { deny: ['@acme/*'] })).nodes.keys()]).toEqual(['other.three.echo']);
  });

  it('knows an installed package by the name it is installed under, whatever it calls itself', async () => {
    writePack({ name: '@arp-jarvis/node-pack-demo', folder: 'stranger', packId: 'jarvis.demo' });
    writePack({ name: 'allowed', folder: 'stranger-two', packId: 'acme.demo' });
    const { nodes, refusals } = await load(['stranger', 'stranger-two'], { allow: ['stranger', 'allowed'] });
    expect([...nodes.keys()]).toEqual([]);
    expect(refusals.map(({ code, packageName }) => [code, packageName])).toEqual([
      ['node_id_reserved', 'stranger'],
      ['pack_denied', 'stranger-two'],
    ]);
  });
});

describe('a refused pack', () => {
  const nodepacks = (entry: string, manifest = './jarvis.nodepack.json') => ({
    schemaVersion: 1,
    nodepacks: { 'acme.demo': { entry, manifest } },
    compat: { sdk: '^0.1.0' },
  });
  const manifestWith = (...nodes: object[]) => ({ schema_version: 1, id: 'acme.demo', version: '1.2.3', nodes });

  interface Case {
    readonly code: RefusalCode;
    readonly why: string;
    readonly pack: Omit<FixturePack, 'name'>;
    readonly prepare?: (folder: string) => void;
  }

  const cases: readonly Case[] = [
    { code: 'pack_metadata_invalid', why: 'jarvis is no object', pack: { jarvis: 'yes' } },
    {
      code: 'pack_metadata_invalid',
      why: 'no schemaVersion',
      pack: { jarvis: { nodepacks: {}, compat: { sdk: '*' } } },
    },
    { code: 'pack_metadata_invalid', why: 'names no pack', pack: { jarvis: { ...nodepacks(''), nodepacks: {} } } },
    {
      code: 'pack_metadata_invalid',
      why: 'an entry without manifest',
      pack: { jarvis: { ...nodepacks(''), nodepacks: { 'acme.demo': { entry: './index.js' } } } },
    },
    {
      code: 'pack_metadata_invalid',
      why: 'no range',
      pack: { jarvis: { ...nodepacks('./index.js'), compat: { sdk: 'latest and greatest' } } },
    },
    {
      code: 'pack_sdk_incompatible',
      why: 'made for another SDK',
      pack: { jarvis: { ...nodepacks('./index.js'), compat: { sdk: '^9.0.0' } } },
    },
    { code: 'pack_manifest_missing', why: 'no manifest', pack: { manifest: null } },
    { code: 'pack_manifest_invalid', why: 'not JSON', pack: { manifest: '{' } },
    {
      code: 'pack_manifest_invalid',
      why: 'an unknown key',
      pack: { manifest: { ...manifestWith(manifestNode('acme.demo.echo')), surprise: 1 } },
    },
    {
      code: 'pack_manifest_invalid',
      why: 'of another version',
      pack: { manifest: { ...manifestWith(manifestNode('acme.demo.echo')), version: '9.9.9' } },
    },
    {
      code: 'pack_manifest_invalid',
      why: 'of another pack',
      pack: { manifest: { ...manifestWith(manifestNode('acme.demo.echo')), id: 'acme.else' } },
    },
    {
      code: 'pack_path_outside_package',
      why: 'manifest by ..',
      pack: { jarvis: nodepacks('./index.js', '../manifest.json') },
    },
    { code: 'pack_path_outside_package', why: 'entry by ..', pack: { jarvis: nodepacks('./lib/../../outside.js') } },
    {
      code: 'pack_path_outside_package',
      why: 'entry by a symbolic link',
      pack: { code: null },
      prepare: (folder) => {
        write(join(root, 'outside.js'), esm('acme.demo', ['acme.demo.echo']));
        symlinkSync(join(root, 'outside.js'), join(folder, 'index.js'));
      },
    },
    { code: 'pack_module_missing', why: 'no entry', pack: { code: null } },
    { code: 'pack_module_failed', why: 'throws', pack: { code: `throw new Error('no licence key');` } },
    { code: 'pack_module_failed', why: 'throws null', pack: { code: 'throw null;' } },
    { code: 'pack_module_failed', why: 'does not parse', pack: { code: 'export default {;' } },
    { code: 'pack_module_failed', why: 'exports no pack', pack: { code: 'export default 42;' } },
    { code: 'pack_module_failed', why: 'exports another pack', pack: { code: esm('acme.else', ['acme.demo.echo']) } },
    {
      code: 'pack_module_failed',
      why: 'exports null for a node',
      pack: { code: `export default { id: 'acme.demo', nodes: [null] };` },
    },
    {
      code: 'pack_module_failed',
      why: 'throws when it is looked at',
      pack: { code: `export default { id: 'acme.demo', get nodes() { throw new Error('boo'); } };` },
    },
    {
      code: 'pack_module_failed',
      why: 'never finishes loading',
      pack: { code: 'await new Promise(() => {});\nexport default {};' },
    },
    {
      code: 'pack_handler_missing',
      why: 'less code than manifest',
      pack: { nodeIds: ['acme.demo.echo', 'acme.demo.more'], code: esm('acme.demo', ['acme.demo.echo']) },
    },
    {
      code: 'pack_handler_missing',
      why: 'run is no function',
      pack: { code: `export default { id: 'acme.demo', nodes: [{ id: 'acme.demo.echo' }] };` },
    },
    {
      code: 'pack_handler_undeclared',
      why: 'more code than manifest',
      pack: { code: esm('acme.demo', ['acme.demo.echo', 'acme.demo.more']) },
    },
    { code: 'node_id_outside_pack', why: 'a node of another pack', pack: { nodeIds: ['acme.other.echo'] } },
    { code: 'node_id_outside_pack', why: 'only the same first letters', pack: { nodeIds: ['acme.demos.echo'] } },
    { code: 'node_id_reserved', why: 'a stranger with jarvis.', pack: { packId: 'jarvis.demo' } },
    { code: 'node_id_duplicate', why: 'one node twice', pack: { nodeIds: ['acme.demo.echo', 'acme.demo.echo'] } },
    {
      code: 'node_schema_unreadable',
      why: 'an unknown type',
      pack: { manifest: manifestWith(manifestNode('acme.demo.echo', { input_schema: { type: 'thing' } })) },
    },
    {
      code: 'node_schema_unreadable',
      why: 'a reference elsewhere',
      pack: {
        manifest: manifestWith(
          manifestNode('acme.demo.echo', { output_schema: { $ref: 'https://example.org/s.json' } }),
        ),
      },
    },
    {
      code: 'node_schema_unreadable',
      why: 'an asynchronous schema',
      pack: {
        manifest: manifestWith(manifestNode('acme.demo.echo', { input_schema: { $async: true, type: 'object' } })),
      },
    },
    {
      code: 'trust_tier_reserved',
      why: 'a stranger who says he is first_party',
      pack: { manifest: manifestWith(manifestNode('acme.demo.echo', { trust_tier: 'first_party' })) },
    },
    { code: 'pack_denied', why: 'on the deny list', pack: {} },
  ];

  it.each(cases)('$code: $why', async ({ code, why, pack, prepare }) => {
    const folder = writePack({ name: 'broken', ...pack });
    prepare?.(folder);
    writePack({ name: 'healthy', packId: 'acme.healthy' });

    const { nodes, refusals } = await load(['broken', 'healthy'], {
      deny: why === 'on the deny list' ? ['broken'] : [],
      ...(why === 'never finishes loading'
        ? { open: ({ entryFile, packId }) => open(entryFile, packId, packId === 'acme.demo' ? 50 : 30_000) }
        : {}),
    });

    expect(refusals).toEqual([expect.objectContaining({ code, packageName: 'broken' })]);
    expect(refusals[0]?.message).toMatch(/^[^\n]*broken[^\n]*\.$/);
    expect([...nodes.keys()]).toEqual(['acme.healthy.echo']);
  });

  it('has a case for every code', () => {
    // A folder that is not there is no package, and a duplicate takes two; they have tests of their own below.
    const covered = new Set<string>([...cases.map(({ code }) => code), 'pack_folder_missing', 'pack_id_duplicate']);
    expect([...covered].sort()).toEqual([...REFUSAL_CODES].sort());
  });

  it('tells why a module failed, without the stack', async () => {
    writePack({ name: 'broken', code: `throw new Error('no licence key');` });
    const { refusals } = await load(['broken']);
    expect(refusals[0]?.message).toContain('no licence key');
    expect(refusals[0]?.message).not.toMatch(/\bat .*:\d+/);
  });

  it('runs no code of a package whose metadata, manifest or schemas it refuses', async () => {
    const trace = join(root, 'ran');
    const code = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(trace)}, ''); export default {};`;
    writePack({ name: 'reserved', packId: 'jarvis.demo', code });
    writePack({ name: 'denied', packId: 'acme.denied', code });
    const { refusals } = await load(['reserved', 'denied'], { deny: ['denied'] });
    expect(refusals.map((refusal) => refusal.code)).toEqual(['pack_denied', 'node_id_reserved']);
    expect(() => realpathSync(trace)).toThrow('ENOENT');
  });

  it('is both of two packs with the same node, and each is told of the other', async () => {
    writePack({ name: 'first', packId: 'acme.demo', nodeIds: ['acme.demo.text.upper'] });
    writePack({ name: 'second', packId: 'acme.demo.text', nodeIds: ['acme.demo.text.upper'] });
    writePack({ name: 'healthy', packId: 'acme.healthy' });
    const { nodes, refusals } = await load(['first', 'second', 'healthy']);
    expect(refusals.map(({ code, packageName }) => [code, packageName])).toEqual([
      ['node_id_duplicate', 'first'],
      ['node_id_duplicate', 'second'],
    ]);
    for (const { message } of refusals) expect(message).toMatch(/acme\.demo\.text\.upper.*first.*second/);
    expect([...nodes.keys()]).toEqual(['acme.healthy.echo']);
  });

  it('is both of two packs with the same id, and no code of theirs is run', async () => {
    const trace = join(root, 'ran');
    const code = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(trace)}, ''); export default {};`;
    writePack({ name: 'first', code });
    writePack({ name: 'second', code, nodeIds: ['acme.demo.other'] });
    const { nodes, refusals } = await load(['first', 'second']);
    expect(refusals.map(({ code: refused, packageName }) => [refused, packageName])).toEqual([
      ['pack_id_duplicate', 'first'],
      ['pack_id_duplicate', 'second'],
    ]);
    expect([...nodes.keys()]).toEqual([]);
    expect(() => realpathSync(trace)).toThrow('ENOENT');
  });

  it('does not take another pack of the same package with it', async () => {
    const pack = (packId: string) => ({ entry: `./${packId}.js`, manifest: `./${packId}.json` });
    const folder = writePack({
      name: 'two-packs',
      code: null,
      manifest: null,
      jarvis: {
        schemaVersion: 1,
        nodepacks: { 'acme.bad': pack('acme.bad'), 'acme.good': pack('acme.good'), 'acme.worse': pack('acme.worse') },
        compat: { sdk: '^0.1.0' },
      },
    });
    write(join(folder, 'acme.good.js'), esm('acme.good', ['acme.good.echo']));
    write(join(folder, 'acme.good.json'), {
      schema_version: 1,
      id: 'acme.good',
      version: '1.2.3',
      nodes: [manifestNode('acme.good.echo')],
    });
    const { nodes, refusals } = await load(['two-packs']);
    expect([...nodes.keys()]).toEqual(['acme.good.echo']);
    expect(refusals.map(({ code, packId }) => [code, packId])).toEqual([
      ['pack_manifest_missing', 'acme.bad'],
      ['pack_manifest_missing', 'acme.worse'],
    ]);
  });

  it('is told when its package.json is not JSON, or when a folder of JARVIS_NODEPACK_PATHS is not there', async () => {
    write(join(root, 'packs', 'torn', 'package.json'), '{"name": "torn", "jarvis": ');
    const { refusals } = await load([], { paths: [join(root, 'packs'), join(root, 'gone')] });
    expect(refusals.map(({ code, packageName }) => [code, packageName])).toEqual([
      ['pack_metadata_invalid', join(root, 'packs', 'torn')],
      ['pack_folder_missing', join(root, 'gone')],
    ]);
  });
});

describe('strict', () => {
  it('fails with every refusal at once', async () => {
    writePack({ name: 'a', manifest: null });
    writePack({ name: 'b', packId: 'jarvis.b' });
    const error = await load(['a', 'b'], { strict: true }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PacksRefusedError);
    expect((error as PacksRefusedError).refusals).toHaveLength(2);
    expect(String(error)).toMatch(/pack_manifest_missing[^]*node_id_reserved/);
  });

  it('does not fail for a pack that the operator denied', async () => {
    writePack({ name: 'a' });
    const { refusals } = await load(['a'], { strict: true, deny: ['a'] });
    expect(refusals.map(({ code }) => code)).toEqual(['pack_denied']);
  });
});
