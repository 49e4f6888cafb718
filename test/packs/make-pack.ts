import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GENERATOR = fileURLToPath(new URL('../../libs/create-node-pack/bin/create-node-pack.js', import.meta.url));

/** How a command went. */
export interface CommandEnd {
  readonly exitCode: number | null;
  /** What it wrote to stdout and stderr, as it came. */
  readonly text: string;
}

/** Runs a command without a terminal to its end. npm takes what it has in its cache before it asks the registry. */
export function runIn(
  folder: string,
  command: string,
  args: readonly string[],
  timeoutMs = 120_000,
): Promise<CommandEnd> {
  return new Promise((settle, reject) => {
    // NODE_OPTIONS of the test runner is nothing for npm and the tools of a pack.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(command, [...args], {
      cwd: folder,
      timeout: timeoutMs,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' },
    });
    let text = '';
    const hear = (chunk: Buffer) => {
      text += chunk.toString('utf8');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('close', (exitCode) => settle({ exitCode, text }));
  });
}

/** What the generator is asked for; what is absent has the generator's default. */
export interface MakePackOptions {
  readonly name?: string;
  readonly packId?: string;
  readonly node?: string;
  /** Whether npm install is run; it may ask the registry. Default false. */
  readonly install?: boolean;
  /** Further flags. */
  readonly flags?: readonly string[];
}

/**
 * Makes a pack with the generator, as `npx` would run it from its folder: with the SDK of this repository, as a tarball in `vendor`. What
 * was built of both (`npm run build`) is used.
 *
 * @param folder has to be empty or absent
 */
export function makePack(
  folder: string,
  { name = 'acme-node-pack-text', packId, node, install = false, flags = [] }: MakePackOptions = {},
): Promise<CommandEnd> {
  return runIn('.', process.execPath, [
    GENERATOR,
    ...['--dir', folder, '--name', name, '--yes', '--no-git'],
    ...(packId === undefined ? [] : ['--pack-id', packId]),
    ...(node === undefined ? [] : ['--node', node]),
    ...(install ? [] : ['--no-install']),
    ...flags,
  ]);
}

/**
 * Packs the package in a folder.
 *
 * @returns path of the tarball
 */
export async function packTarball(folder: string): Promise<string> {
  const { exitCode, text } = await runIn(folder, 'npm', ['pack']);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (exitCode !== 0 || tarball === undefined) throw new Error(`npm pack failed: ${text}`);
  return join(folder, tarball);
}
