import { stat } from 'node:fs/promises';
import { sep } from 'node:path';

/** What the operator grants to a pack, beyond loading its own code. */
export interface IsolatedGrants {
  /** Absolute real paths of files and folders. */
  readonly filesRead: readonly string[];
  readonly filesWrite: readonly string[];
  readonly childProcess: boolean;
  readonly workerThreads: boolean;
  readonly nativeAddons: boolean;
}

/**
 * Flags of Node for the process of a pack: its heap limit, and the permission model with what is granted. Node calls the model by another
 * name since version 23.5, and denies the network since version 25 unless told otherwise; `ctx.http` runs in the process and needs it.
 *
 * @param code folders of packages that may be loaded
 * @param known the flags that this Node knows
 * @throws Error when a path has a `*`, which would stand for more than is meant
 */
export async function processFlags(
  code: readonly string[],
  memoryMb: number,
  grants: IsolatedGrants,
  known: { has(flag: string): boolean } = process.allowedNodeEnvironmentFlags,
): Promise<string[]> {
  const folders = code.map((folder) => folder + sep);
  const readable = [...folders, ...(await Promise.all(grants.filesRead.map(asGranted)))];
  const writable = await Promise.all(grants.filesWrite.map(asGranted));
  const wild = [...readable, ...writable].find((path) => path.includes('*'));
  if (wild !== undefined) throw new Error(`the path ${wild} has a "*", which Node's permission model cannot take`);
  return [
    '--no-warnings',
    `--max-old-space-size=${memoryMb}`,
    known.has('--permission') ? '--permission' : '--experimental-permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...writable.map((path) => `--allow-fs-write=${path}`),
    ...(known.has('--allow-net') ? ['--allow-net'] : []),
    ...(grants.childProcess ? ['--allow-child-process'] : []),
    ...(grants.workerThreads ? ['--allow-worker'] : []),
    grants.nativeAddons ? '--allow-addons' : '--no-addons',
  ];
}

/** A folder is granted with what is in it; what is not there yet, under its own name only. */
async function asGranted(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder && !path.endsWith(sep) ? path + sep : path;
}
