import { Command, InvalidArgumentError } from 'commander';
import { SDK_VERSION } from '../admission/package-metadata.js';
import { buildCommand } from './build.js';
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
    .description('Run the examples of each node and check what comes out. Examples that call the network are skipped.')
    .option('--json', 'print the report as JSON')
    .option('--timeout <ms>', 'longest time of one example, in milliseconds', wholeNumber)
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

  return async (args) => {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  };
}

function example(line: string): string {
  return `\nExample:\n  ${line}`;
}

/** For commander: a whole number above 0. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}
