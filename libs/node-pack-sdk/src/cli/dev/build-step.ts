import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../bin/jarvis-node-pack.js', import.meta.url));
const OUTPUT_AT_MOST = 1_000_000;

/** Builds the code, when there is a command for it, and then the manifests; each in a process of its own, since modules are loaded once. */
export async function buildAll(folder: string, command: string | undefined, signal: AbortSignal): Promise<void> {
  if (command !== undefined) await run(folder, command, [], { shell: true, signal, called: command });
  await run(folder, process.execPath, [BIN, 'build'], { shell: false, signal, called: 'jarvis-node-pack build' });
}

interface RunOptions {
  readonly shell: boolean;
  readonly signal: AbortSignal;
  /** For people. */
  readonly called: string;
}

/** @throws Error with one sentence that has the first thing that the command found wrong */
async function run(folder: string, command: string, args: readonly string[], options: RunOptions): Promise<void> {
  const { shell, signal, called } = options;
  const { code, text } = await new Promise<{ code: number | null; text: string }>((settle, reject) => {
    // The command is the author's own, and reads the author's environment.
    const child = spawn(command, [...args], { cwd: folder, shell, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const hear = (chunk: Buffer) => {
      if (said.length < OUTPUT_AT_MOST) said += chunk.toString('utf8');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', (error) => reject(new Error(`${called} could not be run: ${error.message}.`)));
    child.once('close', (exitCode) => settle({ code: exitCode, text: said }));
  });
  if (code !== 0) throw new Error(`${called} failed: ${firstProblem(text)}`);
}

/** The line that says most: the first with an error, else the last. */
export function firstProblem(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^npm (error|warn|notice)/i.test(line));
  const line = lines.find((one) => /\berror\b/i.test(one)) ?? lines.at(-1) ?? 'it printed nothing';
  return line.replace(/^error: /, '').slice(0, 500);
}
