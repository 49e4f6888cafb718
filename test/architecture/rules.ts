import { basename, dirname } from 'node:path/posix';
import { knots } from './import-graph.js';
import type { Import, ImportGraph } from './import-graph.js';

/** One rule of "Who may import whom" (docs/ARCHITECTURE) or of the style of files. */
export interface Rule {
  readonly name: string;
  /** What is demanded, for the message of a failing test. */
  readonly says: string;
  /** One line per violation, beginning with the path; empty when the rule is kept. */
  readonly violations: (graph: ImportGraph) => string[];
}

/** A lib imports only libs before it in this list, whatever the kind of import. */
export const LIBS = [
  'contract',
  'config',
  'http',
  'auth',
  'policy',
  'database',
  'clients',
  'node-pack-loader',
  'client',
  'testing',
];
/** Libs that import none of ours, though some stand before them. */
const ALONE = ['contract', 'config', 'node-pack-sdk', 'create-node-pack', 'client'];
/** `node-pack-sdk` is published and outside the order: of our libs only this one reads what packs are made of. */
const READS_THE_SDK = ['node-pack-loader'];
/** The only app that composes others, and the files it composes them from. */
const COMPOSER = 'standalone';
const COMPOSABLE = /\.(app|config)\.ts$/;

/** What a lib is entered by: its public face, the subpaths of the SDK, or a JSON file that it publishes. */
const FACE = /^libs\/[^/]+\/(src\/index\.ts|.+\.json)$|^libs\/node-pack-sdk\/src\/(runtime|testing)\/index\.ts$/;

export const MAX_LINES = 600;

/** Words that say nothing about what is in the file. The standard's schemas have a folder `common`, hence files only. */
const EMPTY_WORDS = /(^|[.-])(utils?|helpers?|misc)([.-]|$)/;
const EMPTY_NAMES = /(^|\.)(common|shared|types|interfaces|constants)\.|^base-/;
const EMPTY_FOLDERS = /(^|\/)(utils?|helpers?|misc|interfaces|controllers|services|repositories|entities)\//;

export const RULES: readonly Rule[] = [
  each(
    'apps-are-separate',
    'No app imports another app; standalone imports the *.app.ts and *.config.ts of the others.',
    ({ from, target }) =>
      isIn('apps', from) &&
      isIn('apps', target) &&
      home(from) !== home(target) &&
      !(home(from) === `apps/${COMPOSER}` && COMPOSABLE.test(target)),
  ),
  each(
    'node-packs-are-loaded-at-run-time',
    'No app and no lib imports a node pack.',
    ({ from, target }) => (isIn('apps', from) || isIn('libs', from)) && isIn('node-packs', target),
  ),
  each(
    'node-packs-know-the-sdk-only',
    'Of ours a node pack imports @arp-jarvis/node-pack-sdk, as a stranger would, and nothing else; its tests also /testing and /runtime.',
    ({ from, target, specifier }) =>
      isIn('node-packs', from) &&
      home(from) !== home(target) &&
      !(isTest(from) ? /^@arp-jarvis\/node-pack-sdk(\/(testing|runtime))?$/ : /^@arp-jarvis\/node-pack-sdk$/).test(
        specifier,
      ),
  ),
  each(
    'libs-are-ordered',
    `A lib imports only libs before it: ${LIBS.join(', ')}; ${ALONE.join(', ')} none. Its tests may also use #testing.`,
    ({ from, target }) => {
      if (!isIn('libs', from) || !isIn('libs', target) || home(from) === home(target)) return false;
      const [user, used] = [nameOf(from), nameOf(target)];
      if (used === 'testing') return !isTest(from);
      if (used === 'node-pack-sdk') return !READS_THE_SDK.includes(user);
      return ALONE.includes(user) || !LIBS.includes(used) || LIBS.indexOf(used) >= LIBS.indexOf(user);
    },
  ),
  perFile(
    'libs-are-listed',
    'Every lib has its place in the order of libs-are-ordered.',
    (file) => isIn('libs', file) && ![...LIBS, ...ALONE].includes(nameOf(file)),
  ),
  each(
    'libs-import-no-apps',
    'No lib imports an app.',
    ({ from, target }) => isIn('libs', from) && isIn('apps', target),
  ),
  each(
    'testing-is-for-tests',
    'Only *.spec.ts and test/ import #testing.',
    ({ from, target }) => home(target) === 'libs/testing' && home(from) !== 'libs/testing' && !isTest(from),
  ),
  each(
    'sources-import-no-tests',
    'Nothing but tests imports from test/ or a *.spec.ts.',
    ({ from, target }) => !isTest(from) && isTest(target),
  ),
  each(
    'public-face',
    'A lib is entered by its name through index.ts, one of the SDK through a subpath too, or a JSON file it publishes; from inside it does not name itself.',
    ({ from, target, specifier }) =>
      isIn('libs', target) &&
      (home(from) === home(target) ? !specifier.startsWith('.') : specifier.startsWith('.') || !FACE.test(target)),
  ),
  perFile(
    'index-is-a-public-face',
    'index.ts exists only as the public face of a lib or a node pack, and of the subpaths of the SDK.',
    (file) => basename(file) === 'index.ts' && !/^node-packs\/[^/]+\/src\/index\.ts$/.test(file) && !FACE.test(file),
  ),
  each(
    'relative-imports-stay-home',
    'A relative import does not leave its app, lib or node pack (standalone and test/ may look into apps).',
    ({ from, target, specifier }) =>
      specifier.startsWith('.') &&
      home(from) !== home(target) &&
      !((home(from) === `apps/${COMPOSER}` || isIn('test', from)) && isIn('apps', target)),
  ),
  /*
   * Inside an app: controller -> service -> repository -> entity. What is imported as a type only describes a row; it
   * calls nothing, and is erased. Hence a service or a pure file may import row types of any repository or entity. The
   * two ends of the chain are strict, types included: a controller knows DTOs and no rows, a repository or entity knows
   * nothing of who calls it.
   */
  each(
    'controllers-know-no-tables',
    'A controller imports no repository and no entity, not even as a type.',
    ({ from, target }) =>
      isIn('apps', from) && isA('controller', from) && (isA('repository', target) || isA('entity', target)),
  ),
  each(
    'tables-know-no-callers',
    'A repository or entity imports no service, controller or module, not even as a type; an entity no repository.',
    ({ from, target }) =>
      isIn('apps', from) &&
      ((isA('repository', from) && isA('service', target)) ||
        (isA('entity', from) && (isA('service', target) || isA('repository', target))) ||
        ((isA('repository', from) || isA('entity', from)) && (isA('controller', target) || isA('module', target)))),
  ),
  each(
    'services-know-no-routes',
    'Only modules import controllers, and a service imports no module.',
    ({ from, target }) =>
      isIn('apps', from) &&
      !isTest(from) &&
      ((isA('controller', target) && !isA('module', from)) || (isA('service', from) && isA('module', target))),
  ),
  each(
    'repositories-have-one-owner',
    'Only the services, the module and the tests of its own folder import a repository; its row types are free.',
    ({ from, target, typeOnly }) =>
      isIn('apps', from) &&
      isA('repository', target) &&
      !typeOnly &&
      !(dirname(from) === dirname(target) && (isA('service', from) || isA('module', from) || isTest(from))),
  ),
  each(
    'entities-have-one-owner',
    "Another folder's entity is imported by entities (foreign keys) and the app's entities.ts; its row types are free.",
    ({ from, target, typeOnly }) =>
      isIn('apps', from) &&
      isA('entity', target) &&
      !typeOnly &&
      dirname(from) !== dirname(target) &&
      !isA('entity', from) &&
      basename(from) !== 'entities.ts' &&
      !isTest(from),
  ),
  {
    name: 'resources-form-no-cycle',
    says: 'Two resource folders of an app never need each other, directly or around a corner, types included.',
    violations: ({ imports }) =>
      knots(
        edgesOf(
          imports
            .filter(({ from }) => !isTest(from))
            .map(({ from, target }) => [resourceOf(from), resourceOf(target)] as const)
            .filter((edge): edge is readonly [string, string] => edge[0] !== undefined && edge[1] !== undefined)
            .filter(([from, to]) => from !== to && home(from) === home(to)),
        ),
      ).map((knot) => `${knot.join(', ')} need each other`),
  },
  {
    name: 'files-form-no-cycle',
    says: 'No file imports itself, directly or around a corner. Type-only imports do not count: nothing is loaded.',
    violations: (graph) => fileKnots(graph, { types: false }).map((knot) => `${knot.join(', ')} import each other`),
  },
  perFile(
    'names-say-something',
    'No file is called utils, helpers, common, shared, misc, types, interfaces, constants, base-…; no folder collects one kind of class.',
    (file) => EMPTY_WORDS.test(basename(file)) || EMPTY_NAMES.test(basename(file)) || EMPTY_FOLDERS.test(file),
  ),
  {
    name: 'files-are-short',
    says: `A file has at most ${MAX_LINES} lines, unless it is generated.`,
    violations: ({ sources }) =>
      [...sources]
        .filter(([file]) => !file.includes('/generated/'))
        .map(([file, source]) => ({ file, lines: linesOf(source) }))
        .filter(({ lines }) => lines > MAX_LINES)
        .map(({ file, lines }) => `${file} has ${lines} lines`),
  },
];

/** Knots of files that import each other, with or without what is imported as a type only. */
export function fileKnots({ sources, imports }: ImportGraph, { types }: { readonly types: boolean }): string[][] {
  return knots(
    edgesOf(
      imports
        .filter(({ target, typeOnly }) => target !== undefined && sources.has(target) && (types || !typeOnly))
        .map(({ from, target }) => [from, target ?? from] as const),
    ),
  );
}

/** One line about the size of the code. */
export function summary(graph: ImportGraph): string {
  const lines = [...graph.sources.values()].map(linesOf).sort((left, right) => left - right);
  const share = (part: number) => lines[Math.max(0, Math.ceil(lines.length * part) - 1)] ?? 0;
  const cycles = fileKnots(graph, { types: false }).length;
  const withTypes = fileKnots(graph, { types: true }).length;
  return (
    `${lines.length} files; lines: median ${share(0.5)}, p95 ${share(0.95)}, max ${share(1)}; ` +
    `import cycles: ${cycles} (${withTypes} when type-only imports count)`
  );
}

interface InternalImport extends Import {
  readonly target: string;
}

/** A rule that judges each import of a file of ours. */
function each(name: string, says: string, isViolation: (found: InternalImport) => boolean): Rule {
  return {
    name,
    says,
    violations: ({ imports }) =>
      imports
        .filter((found): found is InternalImport => found.target !== undefined)
        .filter(isViolation)
        .map(({ from, line, specifier }) => `${from}:${line} imports ${specifier}`),
  };
}

function perFile(name: string, says: string, isViolation: (file: string) => boolean): Rule {
  return { name, says, violations: ({ files }) => files.filter(isViolation) };
}

function edgesOf(pairs: readonly (readonly [string, string])[]): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>();
  for (const [from, to] of pairs) edges.set(from, (edges.get(from) ?? new Set()).add(to));
  return edges;
}

/** `apps/coordinator` for every file of the coordinator; `test` for every test outside of apps and libs. */
function home(path: string): string {
  const [root = '', name = ''] = path.split('/');
  return root === 'test' ? root : `${root}/${name}`;
}

function nameOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function isIn(root: string, path: string): boolean {
  return path.startsWith(`${root}/`);
}

function isA(kind: 'controller' | 'service' | 'repository' | 'entity' | 'module', path: string): boolean {
  return path.endsWith(`.${kind}.ts`);
}

function isTest(path: string): boolean {
  return isIn('test', path) || path.endsWith('.spec.ts');
}

/** `apps/coordinator/src/runs` for what is in that folder; undefined for what is directly in src. */
function resourceOf(path: string | undefined): string | undefined {
  return /^(apps\/[^/]+\/src\/[^/]+)\//.exec(path ?? '')?.[1];
}

function linesOf(source: string): number {
  return source.split('\n').length - (source.endsWith('\n') ? 1 : 0);
}
