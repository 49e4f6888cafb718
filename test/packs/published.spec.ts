import { join } from 'node:path';
import { runIn } from './make-pack.js';

const ROOT = join(import.meta.dirname, '../..');
const SDK = join(ROOT, 'libs/node-pack-sdk');
const GENERATOR = join(ROOT, 'libs/create-node-pack');

function run(folder: string, bin: string, ...args: string[]) {
  return runIn(folder, process.execPath, [join(ROOT, 'node_modules', bin), ...args]);
}

async function packedFiles(folder: string): Promise<string[]> {
  const { text } = await runIn(folder, 'npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=silent']);
  const [packed] = JSON.parse(text) as { files: { path: string }[] }[];
  return (packed?.files ?? []).map(({ path }) => path);
}

describe.each([
  ['the SDK', SDK],
  ['the generator', GENERATOR],
])('%s as npm gets it (npm run build first)', (_, folder) => {
  it('has nothing that publint minds', async () => {
    const { exitCode, text } = await run(folder, 'publint/src/cli.js', '--strict');
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: expect.stringContaining('All good!') });
  });

  it('has what was built, and neither sources nor tests', async () => {
    const files = await packedFiles(folder);
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md']));
    expect(files.some((file) => file.startsWith('dist/') && file.endsWith('.js'))).toBe(true);
    expect(files.filter((file) => file.startsWith('src/') || file.includes('.spec.'))).toEqual([]);
  });
});

describe('the SDK', () => {
  it('has types for every way to import it', async () => {
    const { exitCode, text } = await run(
      SDK,
      '@arethetypeswrong/cli/dist/index.js',
      ...['--pack', '.', '--profile', 'esm-only', '--format', 'table-flipped'],
    );
    expect({ exitCode, text }).toEqual({
      exitCode: 0,
      text: expect.stringMatching(/node-pack-sdk\/testing".*🟢 \(ESM\)/),
    });
    expect(await packedFiles(SDK)).toEqual(
      expect.arrayContaining(['dist/index.d.ts', 'dist/testing/index.d.ts', 'dist/runtime/index.d.ts']),
    );
  });
});

describe('the generator', () => {
  it('has its template', async () => {
    expect(await packedFiles(GENERATOR)).toEqual(
      expect.arrayContaining([
        'template/gitignore.tpl',
        'template/github/workflows/ci.yml.tpl',
        'template/src/node.ts.tpl',
        'template/licenses/MIT.txt',
        'template/licenses/Apache-2.0.txt',
      ]),
    );
  });
});
