import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { runIn } from './make-pack.js';

const ROOT = process.cwd();
const CLIENT = join(ROOT, 'libs/client');
/** Words of npm that mean that there is no registry, as opposed to a package that is wrong. */
const NO_REGISTRY = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED)\b/;
const NODE_GLOBALS = new Set(['process', 'Buffer', '__dirname', '__filename', 'setImmediate']);

/** `a.process` and `{ process: 1 }` are members of something else; `globalThis.process` is not. */
function isMember({ parent, text }: ts.Identifier): boolean {
  if (ts.isPropertySignature(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText() === text;
  return (
    ts.isPropertyAccessExpression(parent) && parent.name.text === text && parent.expression.getText() !== 'globalThis'
  );
}

/** What a file says of Node: globals by name, and modules that it imports. Comments and texts do not count. */
function ofNode(file: string, source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && NODE_GLOBALS.has(node.text) && !isMember(node)) found.push(`${file}: ${node.text}`);
    const isModule =
      ts.isStringLiteral(node) &&
      (ts.isImportDeclaration(node.parent) ||
        ts.isExportDeclaration(node.parent) ||
        (ts.isLiteralTypeNode(node.parent) && ts.isImportTypeNode(node.parent.parent)) ||
        (ts.isCallExpression(node.parent) && /^(require|import)$/.test(node.parent.expression.getText())));
    if (isModule && (node.text.startsWith('node:') || builtinModules.includes(node.text))) {
      found.push(`${file}: ${node.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true));
  return found;
}

describe('the client as npm gets it (npm run build first)', () => {
  const tool = (bin: string, ...args: string[]) =>
    runIn(CLIENT, process.execPath, [join(ROOT, 'node_modules', bin), ...args]);

  it('has nothing that publint minds', async () => {
    const { exitCode, text } = await tool('publint/src/cli.js', '--strict');
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringContaining('All good!') });
  });

  it('has types for every way to import it, as ES module and as CommonJS', async () => {
    const { exitCode, text } = await tool(
      '@arethetypeswrong/cli/dist/index.js',
      ...['--pack', '.', '--profile', 'node16', '--format', 'table-flipped'],
    );
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringMatching(/client".*🟢 \(CJS\).*🟢 \(ESM\)/) });
  });

  it('says its version to the services', async () => {
    const { version } = JSON.parse(await readFile(join(CLIENT, 'package.json'), 'utf8')) as { version: string };
    expect(await readFile(join(CLIENT, 'src/version.ts'), 'utf8')).toContain(`VERSION = '${version}'`);
  });

  it('refers to nothing of Node', async () => {
    expect(
      ofNode('a.js', "import fs from 'node:fs'; const b = require('path'); process.exit(); // process"),
    ).toHaveLength(3);
    const files = (await readdir(join(CLIENT, 'dist'), { recursive: true })).filter((name) =>
      /\.(js|d\.ts)$/.test(name),
    );
    expect(files.length).toBeGreaterThan(50);
    const found: string[] = [];
    for (const file of files) found.push(...ofNode(file, await readFile(join(CLIENT, 'dist', file), 'utf8')));
    expect(found).toEqual([]);
  });

  describe('installed from its tarball', () => {
    let folder: string;
    let isInstalled = false;
    beforeAll(async () => {
      folder = await realpath(await mkdtemp(join(tmpdir(), 'installed-client-')));
      expect(await runIn(CLIENT, 'npm', ['pack', '--pack-destination', folder])).toMatchObject({ exitCode: 0 });
      const [tarball = ''] = await readdir(folder);
      const host = join(folder, 'host');
      await mkdir(host);
      await writeFile(join(host, 'package.json'), '{"name": "host", "version": "1.0.0", "private": true}');
      const install = await runIn(host, 'npm', ['install', join(folder, tarball)]);
      if (install.exitCode !== 0 && NO_REGISTRY.test(install.text)) {
        console.warn('SKIPPED: npm install needs the registry, which cannot be reached.');
        return;
      }
      expect(install).toMatchObject({ exitCode: 0 });
      isInstalled = true;
    }, 300_000);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const SCRIPT = `
      const gateway = new ToolGatewayClient({ baseUrl: 'mock://localhost', agentId: 'a', agentPrivateKey: 'test-key', dpop: true });
      const found = await gateway.proxy('serpapi', 'search', { q: 'x', num: 2 });
      const arp = new ArpClient({ baseUrl: 'mock://localhost', tokens: staticToken('t') });
      const run = await arp.runs.start({ root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: {} });
      console.log(found.organic_results.length, (await arp.runs.wait(run.run_id)).state);
    `;
    const names = '{ ArpClient, staticToken, ToolGatewayClient }';

    it.each([
      ['import', 'main.mjs', `import ${names} from '@arp-jarvis/client';${SCRIPT}`],
      ['require', 'main.cjs', `const ${names} = require('@arp-jarvis/client'); (async () => {${SCRIPT}})();`],
    ])('loads and works by %s', async (_, file, text) => {
      if (!isInstalled) return;
      await writeFile(join(folder, 'host', file), text);
      const { exitCode, text: said } = await runIn(join(folder, 'host'), process.execPath, [file]);
      expect({ exitCode, said }).toEqual({ exitCode: 0, said: '2 succeeded\n' });
    });

    it('has what was built, and neither sources nor tests', async () => {
      if (!isInstalled) return;
      const files = await readdir(join(folder, 'host/node_modules/@arp-jarvis/client'), { recursive: true });
      expect(files).toEqual(expect.arrayContaining(['README.md', 'dist/esm/index.d.ts', 'dist/cjs/index.d.ts']));
      expect(files.filter((name) => /^(src|test)\b|\.spec\./.test(name))).toEqual([]);
    });
  });
});
