import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { writeWhole } from './build.js';
import { nodesPage } from './nodes-page.js';
import type { Output } from './output.js';
import { openPackage, readPacks } from './pack-package.js';

/**
 * Writes the page about the nodes of a package, or compares it.
 *
 * @returns the exit code
 * @throws Refused when the executor would not admit a pack
 */
export async function docsCommand(
  folder: string,
  output: Output,
  { out, check }: { readonly out: string; readonly check: boolean },
): Promise<number> {
  const file = resolve(folder, out);
  const page = nodesPage(
    openPackage(folder).name,
    readPacks(folder).map(({ manifest }) => manifest),
  );
  if (!check) {
    await writeWhole(file, page);
    output.line(`wrote ${out}`);
    return 0;
  }
  const found = await readFile(file, 'utf8').catch(() => undefined);
  if (found === page) {
    output.marked('ok', `${out} is up to date`);
    return 0;
  }
  const what = found === undefined ? 'is missing' : 'is not what the manifest says';
  output.marked('fail', `${out} ${what}; run jarvis-node-pack docs.`);
  return 1;
}
