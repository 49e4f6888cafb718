import { execFile } from 'node:child_process';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import semver from 'semver';
import type { DeclaredPack } from '../admission/package-metadata.js';

export type PublishingCode = 'keyword_missing' | 'files_incomplete' | 'install_script' | 'engines_missing';

/** What is wrong with a package for npm and its readers; without a message: nothing. */
export interface PublishingCheck {
  readonly about: string;
  readonly code: PublishingCode;
  readonly message?: string;
}

type PackageJson = Readonly<Record<string, unknown>>;

const KEYWORD = 'jarvis-nodepack';
/** What npm runs on the machine of whoever installs the package. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'];
const NODE = '>=20.19.0';

/** Everything about publishing; an executor does not look at it. */
export async function publishingChecks(
  folder: string,
  packageJson: PackageJson,
  declared: readonly DeclaredPack[],
): Promise<PublishingCheck[]> {
  return [
    check('package.json: keyword', 'keyword_missing', keywordProblem(packageJson)),
    check('package.json: no install scripts', 'install_script', scriptProblem(packageJson)),
    check('package.json: engines.node', 'engines_missing', enginesProblem(packageJson)),
    check('package.json: files', 'files_incomplete', await filesProblem(folder, packageJson, declared)),
  ];
}

function check(about: string, code: PublishingCode, message: string | undefined): PublishingCheck {
  return { about, code, ...(message === undefined ? {} : { message }) };
}

function keywordProblem({ keywords }: PackageJson): string | undefined {
  if (Array.isArray(keywords) && keywords.includes(KEYWORD)) return undefined;
  return `add "${KEYWORD}" to "keywords", so that people find the pack.`;
}

function scriptProblem({ scripts }: PackageJson): string | undefined {
  const found = INSTALL_SCRIPTS.filter((name) => Object.hasOwn(Object(scripts) as object, name));
  if (found.length === 0) return undefined;
  return `remove the script ${found.join(', ')}: installing a pack must run none of its code.`;
}

function enginesProblem({ engines }: PackageJson): string | undefined {
  const { node } = (engines ?? {}) as { node?: unknown };
  if (typeof node !== 'string' || semver.validRange(node) === null) {
    return `add "engines": {"node": "${NODE}"}, the versions of Node that the pack works with.`;
  }
  if (semver.intersects(node, NODE)) return undefined;
  return `"engines.node" is ${node}; executors run on Node ${NODE}.`;
}

async function filesProblem(
  folder: string,
  { files }: PackageJson,
  declared: readonly DeclaredPack[],
): Promise<string | undefined> {
  if (!Array.isArray(files)) {
    return 'add "files", such as ["dist", "jarvis.nodepack.json"]; without it everything in the folder is published.';
  }
  const packed = await packedFiles(folder);
  if (typeof packed === 'string') return packed;
  const wanted = declared.flatMap(({ entry, manifest }) => [entry, manifest]).map((path) => posix.normalize(path));
  const missing = wanted.find((path) => !packed.includes(path));
  if (missing === undefined) return undefined;
  return `${missing} would not be published; add it, or its folder, to "files", and see that it is built.`;
}

/** What npm would put into the package; a string says why that cannot be told. */
async function packedFiles(folder: string): Promise<readonly string[] | string> {
  try {
    // npm itself knows best what "files", .npmignore and its own rules come to.
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: folder,
      timeout: 60_000,
      maxBuffer: 64 * 1024 * 1024,
      shell: process.platform === 'win32',
    });
    return pathsIn(JSON.parse(stdout));
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.match(/npm error (?!code)(.+)/)?.[1];
    return `npm pack --dry-run failed${said === undefined ? '' : `: ${said}`}; run it to see why.`;
  }
}

/** npm 12 answers with an object by package name, those before with a list. */
function pathsIn(answer: unknown): readonly string[] {
  const packages = Object.values(answer as Record<string, { readonly files: readonly { readonly path: string }[] }>);
  return packages.flatMap(({ files }) => files.map(({ path }) => path));
}
