import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '#config';
import type { NodePack } from '#contract';
import { listen } from '#http';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { call, eventsOf } from '../e2e/http.js';
import { asThreeProcesses, inOneProcess } from '../e2e/suites.js';
import { makePack, packTarball, runIn } from './make-pack.js';

const NAME = '@acme/node-pack-text';
const NODE = 'acme.text.word-count';
/** Words of npm that mean that there is no registry, as opposed to a package that is wrong. */
const NO_REGISTRY = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED)\b/;

describe('a pack made by the generator, packed, and installed', () => {
  let root: string;
  /** As npm has installed it; undefined when there is no registry. */
  let installed: string | undefined;

  beforeAll(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'installed-pack-')));
    const source = join(root, 'source');
    const made = await makePack(source, { name: NAME, install: true });
    if (made.exitCode !== 0 && NO_REGISTRY.test(made.text)) {
      console.warn('SKIPPED: npm install needs the registry, which cannot be reached.');
      return;
    }
    expect(made).toMatchObject({ exitCode: 0 });
    expect(await runIn(source, 'npm', ['run', 'build'])).toMatchObject({ exitCode: 0 });
    const tarball = await packTarball(source);
    const [sdk = ''] = await readdir(join(source, 'vendor'));
    const host = join(root, 'host');
    await mkdir(host);
    await writeFile(join(host, 'package.json'), '{"name": "host", "version": "1.0.0", "private": true}');
    const install = await runIn(host, 'npm', ['install', tarball, join(source, 'vendor', sdk)]);
    expect(install).toMatchObject({ exitCode: 0 });
    installed = join(host, 'node_modules', NAME);
    // For what is to be broken: with its dependencies beside it, as it was installed.
    await cp(host, join(root, 'broken'), { recursive: true });
  }, 300_000);
  afterAll(() => rm(root, { recursive: true, force: true }));

  it.each([
    ['in one process', inOneProcess],
    ['as three processes', asThreeProcesses],
  ] as const)('runs through the gateway, the suite %s', async (_, start) => {
    if (installed === undefined) return;
    const suite = await start({ JARVIS_NODEPACK_PATHS: installed, JARVIS_NODEPACK_STRICT: 'true' });
    try {
      const started = await call<{ run_id: string; root_node_run_id: string }>('POST', `${suite.gateway}/v1/runs`, {
        root_node_type_ref: { node_type_id: NODE, version: '0.1.0' },
        input: { text: 'three little words' },
      });
      expect(started.status).toBe(200);
      const { run_id, root_node_run_id } = started.body;
      const events = await eventsOf(`${suite.gateway}/v1/runs/${run_id}/events?follow=1`);
      expect(events.at(-1)).toMatchObject({ type: 'run_completed', data: { state: 'succeeded' } });
      const { body } = await call<{ outputs: object }>('GET', `${suite.coordinator}/v1/node-runs/${root_node_run_id}`);
      expect(body.outputs).toMatchObject({ words: 3 });
      const packs = (await call<NodePack[]>('GET', `${suite.executor}/v1/node-packs`)).body;
      expect(packs.find(({ package_name }) => package_name === NAME)).toMatchObject({
        state: 'loaded',
        isolation: 'process',
        node_type_ids: [NODE],
      });
    } finally {
      await suite.stop();
    }
  });

  interface ManifestNode {
    id: string;
    input_schema: object;
    trust_tier: string;
  }
  interface PackFiles {
    version: string;
    jarvis: { nodepacks: { 'acme.text': { entry: string; manifest?: string } }; compat: { sdk: string } };
    nodes: [ManifestNode, ...ManifestNode[]];
  }
  const json = (file: string, change: (content: PackFiles) => void) => async (folder: string) => {
    const content = JSON.parse(await readFile(join(folder, file), 'utf8')) as PackFiles;
    change(content);
    await writeFile(join(folder, file), JSON.stringify(content));
  };
  const packageJson = (change: (content: PackFiles) => void) => json('package.json', change);
  const manifest = (change: (content: PackFiles) => void) => json('jarvis.nodepack.json', change);
  const secondNode = (content: PackFiles, id: string) => content.nodes.push({ ...content.nodes[0], id });

  it.each([
    [
      'pack_metadata_invalid',
      /jarvis.nodepacks\S* must have required property 'manifest'/,
      packageJson(({ jarvis }) => {
        delete jarvis.nodepacks['acme.text'].manifest;
      }),
    ],
    [
      'pack_sdk_incompatible',
      /made for node-pack-sdk \^9\.0\.0, this executor has 0\.1\.0/,
      packageJson(({ jarvis }) => {
        jarvis.compat.sdk = '^9.0.0';
      }),
    ],
    [
      'pack_path_outside_package',
      /names \.\.\/elsewhere\.js, which is outside/,
      packageJson(({ jarvis }) => {
        jarvis.nodepacks['acme.text'].entry = '../elsewhere.js';
      }),
    ],
    [
      'pack_manifest_missing',
      /has no manifest at .*jarvis-node-pack build/,
      (folder: string) => rm(join(folder, 'jarvis.nodepack.json')),
    ],
    [
      'pack_manifest_invalid',
      /package\.json says acme\.text 7\.0\.0; build it again/,
      packageJson((content) => {
        content.version = '7.0.0';
      }),
    ],
    [
      'pack_module_missing',
      /has no module at \.\/dist\/index\.js; it may not have been built/,
      (folder: string) => rm(join(folder, 'dist'), { recursive: true }),
    ],
    [
      'pack_module_failed',
      /cannot be used: .*no licence key/,
      (folder: string) => writeFile(join(folder, 'dist', 'index.js'), `throw new Error('no licence key');`),
    ],
    [
      'pack_handler_missing',
      /declares acme\.text\.more, its code has no handler/,
      manifest((content) => secondNode(content, 'acme.text.more')),
    ],
    [
      'pack_handler_undeclared',
      /has a handler for acme\.text\.word-count, its manifest does not/,
      manifest((content) => {
        content.nodes[0].id = 'acme.text.other';
        secondNode(content, 'acme.text.more');
        content.nodes = [content.nodes[0]];
      }),
    ],
    [
      'node_id_outside_pack',
      /acme\.other\.more of .* must start with the id of its pack, acme\.text/,
      manifest((content) => secondNode(content, 'acme.other.more')),
    ],
    [
      'node_id_duplicate',
      /has the node acme\.text\.word-count twice/,
      manifest((content) => secondNode(content, NODE)),
    ],
    [
      'node_schema_unreadable',
      /input_schema of acme\.text\.word-count .* is not a JSON Schema/,
      manifest((content) => {
        content.nodes[0].input_schema = { type: 'thing' };
      }),
    ],
    [
      'trust_tier_reserved',
      /says it is first_party; only the suite's own packs are/,
      manifest((content) => {
        content.nodes[0].trust_tier = 'first_party';
      }),
    ],
  ] as const)('broken it is refused: %s', async (code, message, breakIt) => {
    if (installed === undefined) return;
    const broken = join(root, 'broken', 'node_modules', NAME);
    await rm(broken, { recursive: true });
    await cp(installed, broken, { recursive: true });
    await breakIt(broken);
    const executor = await createAtomicExecutor(
      readSettings(atomicExecutorSettings, {
        ARP_AUTH_PROFILE: 'dev-insecure',
        LOG_LEVEL: 'silent',
        JARVIS_NODEPACK_PATHS: broken,
      }),
    );
    const url = await listen(executor, { host: '127.0.0.1', port: 0, portSetting: 'ARP_ATOMIC_EXECUTOR_PORT' });
    try {
      const { body: packs } = await call<NodePack[]>('GET', `${url}/v1/node-packs`);
      const refused = packs.filter(({ state }) => state === 'refused');
      // A manifest that lacks a node and has another is told of the first.
      const codes = code === 'pack_handler_undeclared' ? ['pack_handler_missing'] : [code];
      expect(refused.map(({ package_name, refusal }) => [package_name, refusal?.code])).toEqual([[NAME, ...codes]]);
      if (code !== 'pack_handler_undeclared') expect(refused[0]?.refusal?.message).toMatch(message);
      expect(packs.some(({ pack_id, state }) => pack_id === 'jarvis.core' && state === 'loaded')).toBe(true);
    } finally {
      await executor.stop();
    }
  });
});
