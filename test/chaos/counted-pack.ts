import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const VERSION = '1.0.0';

/** The tool whose action `send` posts to `url` with `key`, and must not be repeated. */
export const COUNTED_TOOL = 'test.counted';

/**
 * Writes the pack into a folder below `root`.
 *
 * @returns the folder, for JARVIS_NODEPACK_PATHS
 */
export async function writeCountedPack(root: string): Promise<string> {
  const folder = join(root, 'counted-pack');
  await mkdir(folder);
  await Promise.all([
    writeFile(join(folder, 'package.json'), JSON.stringify(packageJson())),
    writeFile(join(folder, 'jarvis.nodepack.json'), JSON.stringify(manifest())),
    writeFile(join(folder, 'index.js'), HANDLER),
  ]);
  return folder;
}

function packageJson(): object {
  const entry = { entry: './index.js', manifest: './jarvis.nodepack.json' };
  const jarvis = { schemaVersion: 1, nodepacks: { [COUNTED_TOOL]: entry }, compat: { sdk: '^0.1.0' } };
  return { name: '@test/counted', version: VERSION, type: 'module', jarvis };
}

function manifest(): object {
  const node = {
    id: `${COUNTED_TOOL}.send`,
    description: 'Posts to an upstream that counts.',
    input_schema: {
      type: 'object',
      properties: { url: { type: 'string', format: 'uri' }, key: { type: 'string' } },
      required: ['url', 'key'],
    },
    output_schema: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
    side_effect: 'write',
    trust_tier: 'third_party',
    idempotent: false,
    egress: ['*:*'],
  };
  return { schema_version: 1, id: COUNTED_TOOL, version: VERSION, nodes: [node] };
}

const HANDLER = `
async function run({ url, key }, context) {
  const response = await context.http.fetch(url + '/?key=' + encodeURIComponent(key), { method: 'POST' });
  const { count } = await response.json();
  return { count };
}

export default { id: '${COUNTED_TOOL}', version: '${VERSION}', nodes: [{ id: '${COUNTED_TOOL}.send', run }] };
`;
