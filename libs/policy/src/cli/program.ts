import { Command, CommanderError } from 'commander';
import { explainCommand } from './explain.js';
import { UsageError } from './output.js';
import type { Output } from './output.js';
import { testCommand } from './test.js';
import { validateCommand } from './validate.js';

const EXIT_CODES = `
Exit codes: 0 all is well; 1 a policy is not valid or a case fails; 2 it could not be run as asked.`;

/**
 * The commands of `jarvis-policy`.
 *
 * @returns runs the command in the arguments and gives the exit code
 */
export function createProgram(output: Output): (args: readonly string[]) => Promise<number> {
  return async (args) => {
    let exitCode = 0;
    const program = new Command('jarvis-policy')
      .description('Checks, tests and explains policies of arp-jarvis. docs/policy.md describes the files.')
      .addHelpText('after', EXIT_CODES)
      .configureOutput({
        writeOut: (text) => output.line(text.trimEnd()),
        writeErr: (text) => output.problem(text.trimEnd()),
      })
      .exitOverride();

    program
      .command('validate')
      .description('Say all that is wrong with policies, with line and column.')
      .argument('<files...>', 'policy files: statements as JSON, or Cedar in files that end in .cedar')
      .option('--json', 'print the result as JSON')
      .option('--strict', 'take warnings for errors')
      .copyInheritedSettings(program)
      .addHelpText(
        'after',
        examples('jarvis-policy validate policy.json', 'jarvis-policy validate --strict *.json *.cedar'),
      )
      .action(async (files: string[], options: { json?: true; strict?: true }) => {
        exitCode = await validateCommand(files, output, {
          json: options.json === true,
          strict: options.strict === true,
        });
      });

    program
      .command('test')
      .description('Run the cases of <policy>.test.json: each asks the policy and says what it must answer.')
      .argument('<path>', 'a policy, a table of cases, or a folder, with all folders in it')
      .option('--json', 'print the report as JSON')
      .option('--require-coverage', 'fail when a statement matches in no case')
      .copyInheritedSettings(program)
      .addHelpText(
        'after',
        examples('jarvis-policy test policy.json', 'jarvis-policy test examples/policies --require-coverage'),
      )
      .action(async (path: string, options: { json?: true; requireCoverage?: true }) => {
        exitCode = await testCommand(path, output, {
          json: options.json === true,
          requireCoverage: options.requireCoverage === true,
        });
      });

    program
      .command('explain')
      .description('Say what a policy decides, by which statement, and why the others do not match.')
      .argument('<file>', 'a policy')
      .requiredOption('--action <action>', 'what is done, such as run.start')
      .requiredOption('--resource <resource>', 'to what, such as node_type:jarvis.core.echo')
      .option('--context <file>', 'JSON file with the context, - for stdin (default: an empty context)')
      .option('--json', 'print the explanation as JSON')
      .copyInheritedSettings(program)
      .addHelpText(
        'after',
        examples(
          'jarvis-policy explain policy.json --action node.run.execute --resource node_type:jarvis.core.echo --context context.json',
        ),
      )
      .action(async (file: string, options: { action: string; resource: string; context?: string; json?: true }) => {
        exitCode = await explainCommand(file, output, { ...options, json: options.json === true });
      });

    try {
      await program.parseAsync([...args], { from: 'user' });
      return exitCode;
    } catch (error) {
      // Commander has said what is wrong, and its code for that is 1; help that was asked for has 0.
      if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
      if (!(error instanceof UsageError)) throw error;
      output.problem(`error: ${error.message}`);
      return 2;
    }
  };
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  npx ${line}`).join('\n')}${EXIT_CODES}`;
}
