import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Pack } from './define.js';
import { manifestOf } from './manifest.js';

/** A manifest as it should be on disk. */
export interface ExpectedManifest {
  readonly packId: string;
  /** Absolute path. */
  readonly path: string;
  readonly text: string;
}

/**
 * The manifests that the packs of a folder should have, from its package.json and its built code.
 *
 * @throws Error with one sentence that says what is wrong
 */
export async function expectedManifests(folder: string): Promise<ExpectedManifest[]> {
  const packageJson = JSON.parse(await readFile(resolve(folder, 'package.json'), 'utf8')) as {
    jarvis?: { nodepacks?: Record<string, { entry?: string; manifest?: string }> };
  };
  const declared = Object.entries(packageJson.jarvis?.nodepacks ?? {});
  if (declared.length === 0) {
    throw new Error(
      'package.json declares no pack: add "jarvis": {"nodepacks": {"<pack id>": {"entry": "./dist/index.js", "manifest": "./jarvis.nodepack.json"}}}.',
    );
  }
  return Promise.all(
    declared.map(([packId, { entry, manifest }]) => expectedManifest(folder, packId, entry, manifest)),
  );
}

async function expectedManifest(
  folder: string,
  packId: string,
  entry?: string,
  manifest?: string,
): Promise<ExpectedManifest> {
  if (entry === undefined || manifest === undefined)
    throw new Error(`jarvis.nodepacks["${packId}"] needs "entry" and "manifest".`);
  const module = (await import(pathToFileURL(resolve(folder, entry)).href)) as { default?: Partial<Pack> };
  const pack = module.default;
  if (pack?.id !== packId || pack.nodes === undefined) {
    throw new Error(
      `The default export of ${entry} is not the pack ${packId}: export default definePack({ id: '${packId}', … }).`,
    );
  }
  return { packId, path: resolve(folder, manifest), text: `${JSON.stringify(manifestOf(pack as Pack), null, 2)}\n` };
}
