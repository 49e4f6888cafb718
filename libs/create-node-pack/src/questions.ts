import { basename, resolve } from 'node:path';
import { cancel, intro, isCancel, select, text } from '@clack/prompts';
import {
  LICENSES,
  nodeNameProblem,
  packageNameProblem,
  packIdProblem,
  suggestPackageName,
  suggestPackId,
} from './names.js';
import type { License } from './names.js';

/** What can be said by flags; what is missing is asked, or has a default. */
export interface Answers {
  readonly dir?: string;
  readonly name?: string;
  readonly packId?: string;
  readonly node?: string;
  readonly author?: string;
  readonly license?: License;
}

export const DEFAULT_NODE = 'word-count';

/** Answers that leave nothing open. */
export type AllAnswers = Required<Answers>;

/**
 * What was not said, by default.
 *
 * @throws Error when neither a name nor a folder was given
 */
export function withDefaults({ dir, name, packId, node, author, license }: Answers): AllAnswers {
  if (name === undefined && dir === undefined) {
    throw new Error('Say what the pack is called: --name acme-node-pack-text, or a folder.');
  }
  const packageName = name ?? suggestPackageName(basename(resolve(dir ?? '.')));
  return {
    dir: dir ?? folderFor(packageName),
    name: packageName,
    packId: packId ?? suggestPackId(packageName),
    node: node ?? DEFAULT_NODE,
    author: author ?? '',
    license: license ?? 'MIT',
  };
}

/**
 * Asks a person for what was not said.
 *
 * @returns undefined when the person gives up
 */
export async function ask(given: Answers, knownAuthor: string): Promise<AllAnswers | undefined> {
  intro('A new node pack');
  try {
    const name = given.name ?? (await question('Name of the npm package', nameFor(given), packageNameProblem));
    const packId = given.packId ?? (await question('Id of the pack', suggestPackId(name), packIdProblem));
    const node = given.node ?? (await question('Name of its first node', DEFAULT_NODE, nodeNameProblem));
    const dir = given.dir ?? (await question('Folder', folderFor(name), () => undefined));
    const author = given.author ?? (await question('Author', knownAuthor, () => undefined));
    const license = given.license ?? (await licence());
    return { dir, name, packId, node, author, license };
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error;
    cancel('Nothing was made.');
    return undefined;
  }
}

class GaveUp extends Error {}

async function question(
  message: string,
  suggested: string,
  problem: (value: string) => string | undefined,
): Promise<string> {
  const answer = await text({
    message,
    placeholder: suggested,
    defaultValue: suggested,
    validate: (value = '') => problem(value === '' ? suggested : value),
  });
  if (isCancel(answer)) throw new GaveUp();
  return answer;
}

async function licence(): Promise<License> {
  const answer = await select<License>({ message: 'Licence', options: LICENSES.map((value) => ({ value })) });
  if (isCancel(answer)) throw new GaveUp();
  return answer;
}

function nameFor({ dir }: Answers): string {
  return dir === undefined ? 'my-node-pack' : suggestPackageName(basename(resolve(dir)));
}

/** A package's folder is called like it, without the scope. */
function folderFor(packageName: string): string {
  return packageName.replace(/^@[^/]+\//, '');
}
