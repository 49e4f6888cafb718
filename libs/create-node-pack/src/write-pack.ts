import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportNameOf } from './names.js';
import type { PackPlan } from './pack-plan.js';

const TEMPLATE = fileURLToPath(new URL('../template', import.meta.url));
const NODE_ENGINE = '>=20.19.0';
/** The versions that the template was tried with. */
const DEV_DEPENDENCIES = { '@types/node': '20.19.43', typescript: '6.0.3' };

/**
 * Makes sure that nothing is overwritten.
 *
 * @throws Error when the folder has something in it, or is a file
 */
export function refuseUsedFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) throw new Error(`${folder} is a file; choose another folder with --dir.`);
  // A repository that was just made is as good as empty.
  if (readdirSync(folder).some((name) => name !== '.git')) {
    throw new Error(`${folder} is not empty; choose another folder with --dir, or empty it.`);
  }
}

/** Writes the files of a new pack. */
export function writePack(plan: PackPlan): void {
  const fill = (template: string) => filled(readFileSync(join(TEMPLATE, template), 'utf8'), plan);
  const files: Record<string, string> = {
    'package.json': `${JSON.stringify(packageJsonOf(plan), null, 2)}\n`,
    LICENSE: fill(`licenses/${plan.license}.txt`),
    'README.md': fill('README.md.tpl'),
    'tsconfig.json': fill('tsconfig.json.tpl'),
    // npm leaves files of these names out of packages; hence the template has others.
    '.gitignore': fill('gitignore.tpl'),
    '.github/workflows/ci.yml': fill('github/workflows/ci.yml.tpl'),
    'src/index.ts': fill('src/index.ts.tpl'),
    [`src/${plan.nodeName}.ts`]: fill('src/node.ts.tpl'),
    'src/pack.test.ts': fill('src/pack.test.ts.tpl'),
  };
  for (const [path, text] of Object.entries(files)) {
    const file = join(plan.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

function packageJsonOf(plan: PackPlan): object {
  const { packageName, packId, author, license, sdkSpec, sdkRange } = plan;
  return {
    name: packageName,
    version: '0.1.0',
    description: 'A node pack: nodes for the ARP services of arp-jarvis.',
    keywords: ['jarvis-nodepack'],
    license,
    ...(author === '' ? {} : { author }),
    type: 'module',
    engines: { node: NODE_ENGINE },
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    files: ['dist', '!dist/**/*.test.*', 'jarvis.nodepack.json'],
    jarvis: {
      schemaVersion: 1,
      nodepacks: { [packId]: { entry: './dist/index.js', manifest: './jarvis.nodepack.json' } },
      compat: { sdk: sdkRange },
    },
    scripts: {
      build: 'tsc && jarvis-node-pack build',
      test: 'npm run build && jarvis-node-pack validate && node --test dist/*.test.js',
      dev: 'jarvis-node-pack dev',
      docs: 'npm run build && jarvis-node-pack docs',
      prepack: 'npm run build',
    },
    // The executor has the SDK: a pack uses that one instead of a copy of its own.
    peerDependencies: { '@arp-jarvis/node-pack-sdk': sdkRange },
    devDependencies: { '@arp-jarvis/node-pack-sdk': sdkSpec, ...DEV_DEPENDENCIES },
  };
}

function filled(text: string, plan: PackPlan): string {
  const values: Record<string, string> = {
    __PACKAGE_NAME__: plan.packageName,
    __PACK_ID__: plan.packId,
    __NODE_NAME__: plan.nodeName,
    __NODE_EXPORT__: exportNameOf(plan.nodeName),
    __YEAR__: String(new Date().getFullYear()),
    __HOLDER__: plan.author.replace(/\s*[<(].*$/, '') || `The authors of ${plan.packageName}`,
    __PUBLIC__: plan.packageName.startsWith('@') ? ' --access public' : '',
    __SDK_NOTE__: plan.sdkNote === '' ? '' : `\n${plan.sdkNote}\n`,
  };
  // A function: in a replacement string `$&` and the like would mean something.
  return text.replaceAll(/__[A-Z_]+?__/g, (name) => values[name] ?? name);
}
