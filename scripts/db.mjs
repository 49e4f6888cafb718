/**
 * `npm run db:migrate` and `npm run db:status`: install and build what is missing, then work on the database that the settings
 * name: DATABASE_URL, or the embedded PostgreSQL under ARP_DATA_DIR, which no running suite may use meanwhile.
 *
 * Exit status: 0 when the database is at the version of this code, 1 when it is behind or newer, or cannot be had.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfNeeded } from './build.mjs';
import { checkNode, fail, installIfNeeded, ROOT } from './install.mjs';

const UP_TO_DATE = 'The database is at the version of this code.';
const COMMANDS = {
  migrate: {
    description: 'Brings the database to the version of this code. Exit status 1 when it is newer, or cannot be had.',
    run: migrateDatabase,
  },
  status: {
    description:
      'Shows server, migrations, partitions and the oldest run; changes nothing. Exit status 0 when the database is at the version of this code, 1 when it is behind or newer, or cannot be had.',
    run: showStatus,
  },
};

checkNode();
installIfNeeded();
buildIfNeeded();
process.setSourceMapsEnabled(true);
const { readInvocation } = await import('#config');
const { databaseSettings, migrate, openDatabase, readDatabaseStatus, readSchemaVersion, refuseNewerSchema } =
  await import('#database');

const say = (line) => process.stdout.write(`${line}\n`);
const command = COMMANDS[process.argv[2]];
if (command === undefined) fail('say what to do: npm run db:migrate, or npm run db:status.');
try {
  const { settings } = readInvocation(
    databaseSettings,
    {
      command: `npm run db:${process.argv[2]} --`,
      description: command.description,
      version: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
      listens: false,
    },
    process.argv.slice(3),
  );
  process.exitCode = await command.run(settings);
} catch (error) {
  const expected = error.name === 'StartupError' || error.name === 'SettingsError';
  fail(expected ? error.message : error.stack);
}

async function migrateDatabase(settings) {
  const { database, subject, release } = await open(settings, {});
  try {
    refuseNewerSchema(await readSchemaVersion(database), subject);
    const startedAt = performance.now();
    const applied = await migrate(database);
    refuseNewerSchema(await readSchemaVersion(database), subject);
    for (const name of applied) say(`applied  ${name}`);
    const took = Math.round(performance.now() - startedAt);
    say(
      applied.length === 0
        ? `${subject} is up to date.`
        : `${subject} is up to date: ${applied.length} applied in ${took} ms.`,
    );
    return 0;
  } finally {
    await release();
  }
}

async function showStatus(settings) {
  const { database, subject, release } = await open(settings, { mustExist: true });
  try {
    const { serverVersion, version, partitions, oldestRunAt } = await readDatabaseStatus(database);
    say(`${subject}, PostgreSQL ${serverVersion}\n`);
    say('Migrations');
    for (const name of version.applied) say(`  applied  ${name}`);
    for (const name of version.pending) say(`  pending  ${name}`);
    for (const name of version.unknown) say(`  unknown  ${name}`);
    say('\nPartitions of run_events');
    for (const partition of partitions) say(`  ${describePartition(partition)}`);
    if (partitions.length === 0) say('  none');
    say(`\nOldest run: ${oldestRunAt?.toISOString() ?? 'none'}\n`);
    const verdict = verdictOn(version);
    say(verdict);
    return verdict === UP_TO_DATE ? 0 : 1;
  } finally {
    await release();
  }
}

function verdictOn({ pending, unknown }) {
  if (unknown.length > 0) return 'The database is NEWER than this code: start the version that it belongs to.';
  if (pending.length > 0) return 'The database is BEHIND this code: run npm run db:migrate.';
  return UP_TO_DATE;
}

function describePartition({ name, isDefault, from, to, estimatedRows }) {
  const range = isDefault
    ? 'everything else'
    : `${from?.toISOString() ?? 'the beginning'} to ${to?.toISOString() ?? 'the end'}`;
  return `${name.padEnd(20)}  ${range.padEnd(52)}  about ${estimatedRows} rows`;
}

function open(settings, options) {
  return openDatabase(settings, { name: 'arp-db', entities: [] }, say, options);
}
