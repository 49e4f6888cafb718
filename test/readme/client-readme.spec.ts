import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';

const CLIENT = join(process.cwd(), 'libs/client');
const BLOCKS = [...readFileSync(join(CLIENT, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
  ([, block = '']) => block,
);
const ENV = {
  GATEWAY_URL: 'mock://localhost',
  ARP_URL: 'mock://localhost',
  AGENT_ID: 'test-agent',
  AGENT_PRIVATE_KEY: 'test-key',
};
/** What a block with this in it prints. */
const PRINTS: readonly (readonly [part: string, says: RegExp])[] = [
  ['defaultIntent', /organic_results/],
  ['openai canada', /openai canada/],
  ['generateAgentKey', /BEGIN PUBLIC KEY[\s\S]*EdDSA/],
  ['waitForJob', /^(queued|running)\ndone/],
  ['num: 10', /^Found 10 leads$/m],
  ['Summarize', /chat\.completion/],
  ['follow: true', /1 run_started[\s\S]*run_completed\nsucceeded[\s\S]*Hello/],
  ['no-such-run', /It is gone/],
  ['createMockGateway', /degrees: 21[\s\S]*quota_exceeded[\s\S]*sum: 3/],
];

/** As a reader would have it: files of their own beside a node_modules with the package (npm run build first). */
describe('libs/client/README.md', () => {
  let folder: string;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'client-readme-')));
    mkdirSync(join(folder, 'node_modules/@arp-jarvis'), { recursive: true });
    symlinkSync(CLIENT, join(folder, 'node_modules/@arp-jarvis/client'));
    BLOCKS.forEach((block, index) => writeFileSync(join(folder, `block-${index}.mts`), block));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has examples, and each check belongs to one', () => {
    for (const [part] of PRINTS) expect(BLOCKS.filter((block) => block.includes(part))).toHaveLength(1);
  });

  it('its examples have the types of the package', () => {
    const program = ts.createProgram(
      BLOCKS.map((_, index) => join(folder, `block-${index}.mts`)),
      {
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
        types: ['node'],
        typeRoots: [join(process.cwd(), 'node_modules/@types')],
        strict: true,
        noEmit: true,
      },
    );
    const problems = ts.getPreEmitDiagnostics(program);
    expect(
      ts.formatDiagnostics(problems, {
        getCurrentDirectory: () => folder,
        getCanonicalFileName: (name) => name,
        getNewLine: () => '\n',
      }),
    ).toBe('');
  });

  it.each(BLOCKS.map((block, index) => [index, block] as const))('example %i runs', (index, block) => {
    const file = join(folder, `block-${index}.mjs`);
    const { outputText } = ts.transpileModule(block, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(file, outputText);
    // NODE_OPTIONS of the test runner is nothing for an example.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
      env: { ...env, ...ENV },
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const says = PRINTS.find(([part]) => block.includes(part))?.[1];
    if (says !== undefined) expect(stdout).toMatch(says);
  });
});
