import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { Command } from 'commander';
import { expectedManifests } from './pack-folder.js';

const program = new Command('jarvis-node-pack').description(
  'Tools for authors of node packs. Run them in the folder of a pack.',
);

program
  .command('build')
  .description('Write the manifest of each pack that package.json declares, from its built code.')
  .action(async () => {
    for (const { packId, path, text } of await expectedManifests(process.cwd())) {
      await writeFile(path, text);
      process.stdout.write(`${packId}: wrote ${relative(process.cwd(), path)}\n`);
    }
  });

program
  .command('validate')
  .description('Check that each manifest is what its code says.')
  .action(async () => {
    for (const { packId, path, text } of await expectedManifests(process.cwd())) {
      const found = await readFile(path, 'utf8').catch(() => undefined);
      if (found !== text) {
        throw new Error(
          `${packId}: ${relative(process.cwd(), path)} is ${found === undefined ? 'missing' : 'not what the code says'}; run jarvis-node-pack build.`,
        );
      }
      process.stdout.write(`${packId}: manifest is up to date\n`);
    }
  });

await program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
