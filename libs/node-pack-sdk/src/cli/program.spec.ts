import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check } from './validate.js';
import { createProgram } from './program.js';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'jarvis-node-pack-')));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NODE = `{
  id: 'acme.demo.greet', description: 'Greets.', sideEffect: 'read', trustTier: 'third_party', idempotent: true,
  input: { type: 'object', properties: { name: { type: 'string', minLength: 1, description: 'Whom | how' } }, required: ['name'] },
  output: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  errors: { nobody: { description: 'There is nobody.' } },
  examples: [{ inputs: { name: 'Ada' }, outputs: { text: 'Hello Ada' } }],
  run: ({ name }) => ({ text: 'Hello ' + name }),
}`;

const PACKAGE = {
  name: 'acme-demo',
  version: '1.0.0',
  type: 'module',
  keywords: ['jarvis-nodepack'],
  engines: { node: '>=20.19.0' },
  files: ['dist', 'jarvis.nodepack.json'],
  jarvis: {
    schemaVersion: 1,
    nodepacks: { 'acme.demo': { entry: './dist/index.js', manifest: './jarvis.nodepack.json' } },
    compat: { sdk: '^0.1.0' },
  },
};

function write(path: string, content: string | object): void {
  writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
}

/** @param entry a module is loaded once per path in a process: changed code needs a path of its own */
function writePack(
  { node = NODE, packageJson = {} }: { node?: string; packageJson?: object } = {},
  entry = 'dist/index.js',
): void {
  const nodepacks = { 'acme.demo': { entry: `./${entry}`, manifest: './jarvis.nodepack.json' } };
  write('package.json', { ...PACKAGE, jarvis: { ...PACKAGE.jarvis, nodepacks }, ...packageJson });
  mkdirSync(join(folder, 'dist'), { recursive: true });
  write(entry, `export default { id: 'acme.demo', version: '1.0.0', nodes: [${node}] };`);
}

async function run(...args: string[]): Promise<{ exitCode: number; text: string }> {
  const lines: string[] = [];
  const exitCode = await createProgram(folder, {
    line: (text) => void lines.push(text),
    marked: (mark, text) => void lines.push(`${mark} ${text}`),
    problem: (text) => void lines.push(text),
  })(args);
  return { exitCode, text: lines.join('\n') };
}

async function failedChecks(): Promise<Check[]> {
  const { exitCode, text } = await run('validate', '--json');
  const { ok, checks } = JSON.parse(text) as { ok: boolean; checks: Check[] };
  const failed = checks.filter((check) => !check.ok);
  expect([exitCode, ok]).toEqual(failed.length === 0 ? [0, true] : [1, false]);
  return failed;
}

describe('build', () => {
  it('writes the manifest and leaves nothing else behind', async () => {
    writePack();
    expect(await run('build')).toEqual({ exitCode: 0, text: 'acme.demo: wrote jarvis.nodepack.json' });
    const manifest = JSON.parse(readFileSync(join(folder, 'jarvis.nodepack.json'), 'utf8'));
    expect(manifest.nodes[0].id).toBe('acme.demo.greet');
    expect(readdirSync(folder).sort()).toEqual(['dist', 'jarvis.nodepack.json', 'package.json']);
  });

  it('keeps the old manifest when the code cannot be loaded', async () => {
    writePack();
    write('dist/index.js', 'export default {;');
    write('jarvis.nodepack.json', 'old');
    await expect(run('build')).rejects.toThrow(/the entry of acme\.demo, failed while it was loaded/);
    expect(readFileSync(join(folder, 'jarvis.nodepack.json'), 'utf8')).toBe('old');
  });
});

describe('validate', () => {
  it('passes a pack that is right, with a line for each check', async () => {
    writePack();
    await run('build');
    const { exitCode, text } = await run('validate');
    expect(text.split('\n')).toHaveLength(10);
    expect(text).not.toMatch(/^(?!ok )/m);
    expect(exitCode).toBe(0);
  });

  it.each([
    ['pack_metadata_invalid', { packageJson: { jarvis: undefined } }, /no field "jarvis"/],
    ['pack_metadata_invalid', { packageJson: { jarvis: { schemaVersion: 2 } } }, /does not fit nodepack-package/],
    [
      'pack_sdk_incompatible',
      { packageJson: { jarvis: { ...PACKAGE.jarvis, compat: { sdk: '^9.0.0' } } } },
      /\^9\.0\.0/,
    ],
    ['pack_manifest_invalid', { packageJson: { version: '1.1.0' } }, /build it again/],
    ['manifest_outdated', { node: NODE.replace('Greets.', 'Says hello.') }, /run jarvis-node-pack build/],
    ['pack_handler_missing', { node: NODE.replace('acme.demo.greet', 'acme.demo.hail') }, /acme\.demo\.greet/],
    ['pack_module_failed', { node: `(() => { throw new Error('no key'); })()` }, /no key/],
    ['keyword_missing', { packageJson: { keywords: ['node'] } }, /add "jarvis-nodepack"/],
    ['install_script', { packageJson: { scripts: { postinstall: 'node x.js' } } }, /remove the script postinstall/],
    ['engines_missing', { packageJson: { engines: {} } }, /add "engines"/],
    ['engines_missing', { packageJson: { engines: { node: '<18' } } }, /executors run on Node/],
    ['files_incomplete', { packageJson: { files: ['dist'] } }, /^jarvis\.nodepack\.json would not be published/],
    ['files_incomplete', { packageJson: { files: undefined } }, /^add "files"/],
  ] as const)('says %s of a pack that was changed after its build', async (code, change, message) => {
    writePack();
    await run('build');
    writePack(change, 'dist/changed.js');
    const failed = await failedChecks();
    expect(failed.map((check) => check.code)).toContain(code);
    expect(failed.find((check) => check.code === code)?.message).toMatch(message);
  });

  it('says that there is no manifest yet', async () => {
    writePack();
    expect((await failedChecks()).map(({ code }) => code)).toEqual(['pack_manifest_missing', 'files_incomplete']);
  });
});

describe('test', () => {
  it('runs the examples', async () => {
    writePack();
    await run('build');
    expect(await run('test')).toEqual({
      exitCode: 0,
      text: 'acme.demo 1.0.0\nok acme.demo.greet: 1 of 1 examples passed',
    });
  });

  it('fails with the problems', async () => {
    writePack({ node: NODE.replace('Hello Ada', 'Hello Bob') });
    await run('build');
    const { exitCode, text } = await run('test');
    expect(exitCode).toBe(1);
    expect(text).toContain('fail acme.demo.greet, example 0: it should give {"text":"Hello Bob"}');
    const json = JSON.parse((await run('test', '--json')).text);
    expect(json).toMatchObject({ ok: false, packs: [{ problems: [{ check: 'example_outputs', example: 0 }] }] });
  });

  it('gives an example as long as it is told', async () => {
    writePack({ node: NODE.replace(`({ text: 'Hello ' + name })`, 'new Promise(() => undefined)') });
    await run('build');
    expect((await run('test', '--timeout', '30')).text).toContain('did not end within 30 ms');
  });
});

describe('docs', () => {
  it('writes the page, and finds that it is no longer right', async () => {
    writePack();
    await run('build');
    expect(await run('docs', '--check')).toEqual({
      exitCode: 1,
      text: 'fail NODES.md is missing; run jarvis-node-pack docs.',
    });
    await run('docs');
    const page = readFileSync(join(folder, 'NODES.md'), 'utf8');
    expect(page).toContain('### acme.demo.greet\n\nGreets.');
    expect(page).toContain('| `name` | string | yes | Whom \\| how (length ≥ `1`) |');
    expect(page).toContain('| `nobody` | There is nobody. | no |');
    expect(page).toContain('"text": "Hello Ada"');
    expect((await run('docs', '--check')).exitCode).toBe(0);
    write('NODES.md', `${page}\nby hand`);
    expect(await run('docs', '--check')).toEqual({
      exitCode: 1,
      text: 'fail NODES.md is not what the manifest says; run jarvis-node-pack docs.',
    });
    expect(existsSync(join(folder, 'NODES.md'))).toBe(true);
  });
});
