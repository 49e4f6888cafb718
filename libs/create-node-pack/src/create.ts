import { mkdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { answerOf, watched } from './commands.js';
import { nodeNameProblem, packageNameProblem, packIdProblem } from './names.js';
import type { AllAnswers } from './questions.js';
import { sdkSource } from './sdk-source.js';
import { refuseUsedFolder, writePack } from './write-pack.js';

export interface CreateOptions {
  /** What npm is told for the SDK. Default: see `sdkSource`. */
  readonly sdk?: string;
  /** Whether to run `npm install`. */
  readonly install: boolean;
  /** Whether to make it a git repository, unless it is inside one. */
  readonly git: boolean;
  /** Told what happens, a line at a time. */
  readonly say: (line: string) => void;
}

/**
 * Makes a pack.
 *
 * @throws Error with one sentence that says what is wrong; nothing was written then
 */
export async function createPack(answers: AllAnswers, { sdk, install, git, say }: CreateOptions): Promise<void> {
  const { name: packageName, packId, node: nodeName, author, license } = answers;
  const problem = packageNameProblem(packageName) ?? packIdProblem(packId) ?? nodeNameProblem(nodeName);
  if (problem !== undefined) throw new Error(problem);
  const folder = resolve(answers.dir);
  refuseUsedFolder(folder);
  mkdirSync(folder, { recursive: true });
  const { spec: sdkSpec, range: sdkRange, note: sdkNote } = await sdkSource(sdk, folder);
  writePack({ folder, packageName, packId, nodeName, author, license, sdkSpec, sdkRange, sdkNote });
  say(`Made ${packageName} with the node ${packId}.${nodeName} in ${folder}.`);
  if (sdkNote !== '') say(sdkNote);
  if (git && (await answerOf(folder, 'git', ['rev-parse', '--is-inside-work-tree'])) === undefined) {
    await answerOf(folder, 'git', ['init', '--initial-branch', 'main']);
  }
  const installed = install && (await watched(folder, 'npm', ['install', '--no-audit', '--no-fund']));
  if (install && !installed) say('npm install failed, see above. The pack is in place; run npm install there again.');
  const place = relative(process.cwd(), folder);
  const steps = [
    ...(place === '' ? [] : [`cd ${place}`]),
    ...(installed ? [] : ['npm install']),
    'npm test',
    'npm run dev',
  ];
  say(`Next:\n${steps.map((step) => `  ${step}`).join('\n')}`);
}
