import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

// On Windows npm is a script, which only a shell can run.
const shell = process.platform === 'win32';

/**
 * Runs npm and gives what it prints.
 *
 * @throws Error with what npm says is wrong
 */
export async function runNpm(folder: string, args: readonly string[]): Promise<string> {
  try {
    const options = { cwd: folder, shell, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };
    return (await promisify(execFile)('npm', [...args], options)).stdout;
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.match(/npm error (?!code)(.+)/)?.[1];
    throw new Error(`npm ${args[0] ?? ''} failed in ${folder}${said === undefined ? '' : `: ${said}`}.`, {
      cause: error,
    });
  }
}

/** Runs a command that people watch. */
export function watched(folder: string, command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((settle) => {
    const child = spawn(command, [...args], { cwd: folder, shell, stdio: 'inherit' });
    child.once('error', () => settle(false));
    child.once('exit', (code) => settle(code === 0));
  });
}

/** What a command prints, trimmed; undefined when it fails or is not there. */
export async function answerOf(folder: string, command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(command, [...args], { cwd: folder, timeout: 10_000 })).stdout.trim();
  } catch {
    return undefined;
  }
}
