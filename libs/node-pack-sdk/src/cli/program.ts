import { Command, InvalidArgumentError } from 'commander';
import { SDK_VERSION } from '../admission/package-metadata.js';
import { buildCommand } from './build.js';
import { devCommand } from './dev/dev.js';
import { docsCommand } from './docs.js';
import type { Output } from './output.js';
import { testCommand } from './test.js';
import { validateCommand } from './validate.js';

/**
 * The commands of `jarvis-node-pack`.
 *
 * @param folder the folder of a pack's package
 * @returns runs the command in the arguments and gives the exit code
 */
export function createProgram(folder: string, output: Output): (args: readonly string[]) => Promise<number> {
  let exitCode = 0;
  const program = new Command('jarvis-node-pack')
    .description('Tools for authors of node packs. Run them in the folder of a pack, after its code was built.')
    .version(SDK_VERSION);

  program
    .command('build')
    .description('Write the manifest of each pack that package.json declares, from its built code.')
    .addHelpText('after', example('npx tsc && npx jarvis-node-pack build'))
    .action(async () => {
      await buildCommand(folder, output);
    });

  program
    .command('validate')
    .description('Check everything that an executor would refuse, and what npm and others expect of a package.')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', example('npx jarvis-node-pack validate --json'))
    .action(async ({ json }: { json?: true }) => {
      exitCode = await validateCommand(folder, output, { json: json === true });
    });

  program
    .command('test')
    .description(
      "Run the examples of each node and check what comes out. The pack's mockUpstream answers calls of the network; without one their examples are skipped.",
    )
    .option('--json', 'print the report as JSON')
    .option(
      '--timeout <ms>',
      'longest time of one example that waits; one that spins cannot be stopped, in milliseconds',
      wholeNumber,
    )
    .addHelpText('after', example('npx jarvis-node-pack test --timeout 5000'))
    .action(async ({ json, timeout }: { json?: true; timeout?: number }) => {
      exitCode = await testCommand(folder, output, {
        json: json === true,
        ...(timeout === undefined ? {} : { timeoutMs: timeout }),
      });
    });

  program
    .command('docs')
    .description('Write a page about the nodes, from the manifests.')
    .option('--out <file>', 'file to write', 'NODES.md')
    .option('--check', 'write nothing, and fail when the file is not what it should be')
    .addHelpText('after', example('npx jarvis-node-pack docs --out docs/nodes.md'))
    .action(async ({ out, check }: { out: string; check?: true }) => {
      exitCode = await docsCommand(folder, output, { out, check: check === true });
    });

  program
    .command('dev')
    .description(
      'Run an executor with this pack that builds and loads it again on every change. What the manifest asks for is granted, files in this folder only.',
    )
    .option('--port <port>', 'port to listen at', portNumber, 8082)
    .option('--host <host>', 'address to listen at', '127.0.0.1')
    .option('--credentials <file>', 'JSON file with what ctx.credentials.get gives, { "acme.weather": "…" }')
    .option('--mock', "let the pack's mockUpstream answer ctx.http instead of the network")
    .option('--build <command>', 'command that builds the code (default: npm run build, when there is that script)')
    .addHelpText('after', example('npx jarvis-node-pack dev --port 9000'))
    .action(async ({ mock, ...options }: DevArguments) => {
      const stopping = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
      const upstream = mock === true ? 'mock' : 'live';
      await devCommand(folder, output, { ...options, upstream, signal: stopping.signal });
    });

  return async (args) => {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  };
}

interface DevArguments {
  readonly port: number;
  readonly host: string;
  readonly build?: string;
  readonly credentials?: string;
  readonly mock?: true;
}

function example(line: string): string {
  return `\nExample:\n  ${line}`;
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return port;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}
