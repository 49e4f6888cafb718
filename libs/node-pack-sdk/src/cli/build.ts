import { rename, rm, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { expectedManifests } from '../pack-folder.js';
import type { Output } from './output.js';

/**
 * Writes the manifests of a package, all or none of them.
 *
 * @throws Error with one sentence that says what is wrong
 */
export async function buildCommand(folder: string, output: Output): Promise<void> {
  for (const { packId, path, text } of await expectedManifests(folder)) {
    await writeWhole(path, text);
    output.line(`${packId}: wrote ${relative(folder, path)}`);
  }
}

/** Whoever reads the file finds the old one or the new one, never half of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(unfinished, text);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
