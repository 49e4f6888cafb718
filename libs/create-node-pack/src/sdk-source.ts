import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNpm } from './commands.js';

/** Where the SDK of a new pack comes from. */
export interface SdkSource {
  readonly spec: string;
  readonly range: string;
  /** One sentence or two for people: where it comes from, and what to do before publishing. Empty: nothing to do. */
  readonly note: string;
}

const SDK = '@arp-jarvis/node-pack-sdk';
const OWN_FOLDER = fileURLToPath(new URL('..', import.meta.url));

/** The version of the generator, which is that of the SDK it goes with. */
export const VERSION = (JSON.parse(readFileSync(join(OWN_FOLDER, 'package.json'), 'utf8')) as { version: string })
  .version;

/**
 * The SDK for a pack: the one that was asked for; else, when the generator runs in its own repository, a tarball of the SDK there; else
 * the published one.
 *
 * @param generatorFolder for tests
 * @throws Error when npm cannot pack the SDK
 */
export async function sdkSource(
  given: string | undefined,
  packFolder: string,
  generatorFolder = OWN_FOLDER,
): Promise<SdkSource> {
  const range = `^${VERSION}`;
  if (given !== undefined) return { spec: fromFolder(given), range, note: '' };
  const sibling = resolve(generatorFolder, '..', 'node-pack-sdk');
  if (!isBuiltSdk(sibling)) return { spec: range, range, note: '' };
  const vendor = join(packFolder, 'vendor');
  mkdirSync(vendor, { recursive: true });
  const [tarball] = await packInto(sibling, vendor);
  const note =
    `The SDK that the pack is built with is vendor/${tarball}, packed from the repository of the generator. ` +
    `Before you publish the pack, and as soon as the SDK is on npm: \`npm install --save-dev ${SDK}@${range}\`, and remove \`vendor\`.`;
  return { spec: `file:vendor/${tarball}`, range, note };
}

/** A path is meant from where the command is run, not from the folder of the pack. */
function fromFolder(spec: string): string {
  const path = spec.replace(/^file:/, '');
  return path !== spec || /^[./~]|^[a-z]:\\/i.test(spec) ? `file:${resolve(path)}` : spec;
}

function isBuiltSdk(folder: string): boolean {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
    return name === SDK && ['index.js', 'index.d.ts'].every((file) => existsSync(join(folder, 'dist', file)));
  } catch {
    return false;
  }
}

async function packInto(folder: string, destination: string): Promise<string[]> {
  const answer: unknown = JSON.parse(
    await runNpm(folder, ['pack', '--json', '--ignore-scripts', '--pack-destination', destination]),
  );
  // npm 12 answers with an object by package name, those before with a list.
  return Object.values(answer as Record<string, { readonly filename: string }>).map(({ filename }) => filename);
}
