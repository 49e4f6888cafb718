import { Command, Option } from 'commander';
import { answerOf } from './commands.js';
import { createPack } from './create.js';
import { LICENSES } from './names.js';
import { ask, withDefaults } from './questions.js';
import type { Answers } from './questions.js';
import { VERSION } from './sdk-source.js';

/** The bin `create-node-pack`. */

interface Flags extends Answers {
  readonly sdk?: string;
  readonly install: boolean;
  readonly git: boolean;
  readonly yes?: true;
}

const program = new Command('create-node-pack')
  .description('Makes the folder of a new node pack, with one node that works, its test and what npm needs.')
  .version(VERSION)
  .argument('[dir]', 'folder to make, the same as --dir')
  .option('--name <name>', 'name of the npm package, such as @acme/node-pack-text')
  .option('--pack-id <id>', 'id of the pack, such as acme.text (default: made of the name)')
  .option('--node <name>', 'name of its first node (default: word-count)')
  .option('--dir <folder>', 'folder to make (default: called like the package)')
  .option('--author <who>', 'such as "Ada <ada@example.com>" (default: what git knows)')
  .addOption(new Option('--license <id>', 'licence (default: MIT)').choices(LICENSES))
  .option(
    '--sdk <spec>',
    'what npm is told for the SDK: a version, a range, a tarball (default: the one of this version)',
  )
  .option('--no-install', 'do not run npm install')
  .option('--no-git', 'make no git repository')
  .option('--yes', 'ask nothing, take the defaults')
  .addHelpText(
    'after',
    '\nExample:\n  npm create @arp-jarvis/node-pack -- --name @acme/node-pack-text --pack-id acme.text',
  )
  .action(async (dir: string | undefined, { sdk, install, git, yes, ...flags }: Flags) => {
    const given: Answers = { ...(dir === undefined ? {} : { dir }), ...flags };
    const author = flags.author ?? (await knownAuthor());
    // Without a person there is nobody to ask.
    const asks = yes !== true && process.stdin.isTTY && process.stdout.isTTY;
    const answers = asks ? await ask(given, author) : withDefaults({ ...given, author });
    if (answers === undefined) {
      process.exitCode = 1;
      return;
    }
    const say = (line: string) => void process.stdout.write(`${line}\n`);
    await createPack(answers, { ...(sdk === undefined ? {} : { sdk }), install, git, say });
  });

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** As git would sign a commit here. */
async function knownAuthor(): Promise<string> {
  const [name, email] = await Promise.all(
    ['user.name', 'user.email'].map((key) => answerOf(process.cwd(), 'git', ['config', key])),
  );
  if (name === undefined || name === '') return '';
  return email === undefined || email === '' ? name : `${name} <${email}>`;
}
