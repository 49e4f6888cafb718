import type { Database } from './database.js';
import { migrate } from './migrate.js';

/** The migrations of a database, compared with those of this code; names, oldest first. */
export interface SchemaVersion {
  /** Known to this code and applied. */
  readonly applied: readonly string[];
  /** Known to this code and not applied: the database is behind. */
  readonly pending: readonly string[];
  /** Applied and not known to this code: the database is newer. */
  readonly unknown: readonly string[];
}

/** The database is not at the version of this code; the message is one sentence, or two, that say what to do. */
export class DatabaseVersionError extends Error {
  override readonly name = 'StartupError';
}

/** Reads only: a database without any migration has none applied. */
export async function readSchemaVersion(database: Database): Promise<SchemaVersion> {
  const known = database.dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);
  const [table] = await database.query<{ exists: boolean }>(
    `select to_regclass('schema_migrations') is not null as exists`,
    [],
  );
  const rows =
    table?.exists === true
      ? await database.query<{ name: string }>(`select name from schema_migrations order by id`, [])
      : [];
  const applied = new Set(rows.map(({ name }) => name));
  return {
    applied: known.filter((name) => applied.has(name)),
    pending: known.filter((name) => !applied.has(name)),
    unknown: [...applied].filter((name) => !known.includes(name)),
  };
}

/**
 * Makes sure that the database is at the version of this code, or refuses it.
 *
 * @param subject the database at the beginning of a sentence: `The database arp at 127.0.0.1:5432`
 * @param mayMigrate whether a database that is behind is migrated, or refused
 * @returns the names of the migrations that were applied
 * @throws DatabaseVersionError when it is behind and may not be migrated, or newer than this code
 */
export async function requireSchemaVersion(
  database: Database,
  subject: string,
  mayMigrate: boolean,
): Promise<string[]> {
  const found = await readSchemaVersion(database);
  refuseNewerSchema(found, subject);
  if (found.pending.length === 0) return [];
  if (!mayMigrate) {
    throw new DatabaseVersionError(
      `${subject} is behind this code: ${counted(found.pending, 'migration is', 'migrations are')} missing. Run \`npm run db:migrate\`, or set ARP_DATABASE_MIGRATE=true to migrate at start.`,
    );
  }
  const applied = await migrate(database);
  // Whoever migrated while we waited for the lock may have been of a newer version than we are.
  refuseNewerSchema(await readSchemaVersion(database), subject);
  return applied;
}

/** @throws DatabaseVersionError when the database has migrations that this code does not know */
export function refuseNewerSchema(version: SchemaVersion, subject: string): void {
  if (version.unknown.length === 0) return;
  throw new DatabaseVersionError(
    `${subject} is newer than this code: it has ${counted(version.unknown, 'migration', 'migrations')} that this code does not know. Start the version of the code that it belongs to, or restore a backup from before.`,
  );
}

/** `2 migrations (A, B)` */
function counted(names: readonly string[], one: string, many: string): string {
  const [noun = '', ...verb] = (names.length === 1 ? one : many).split(' ');
  return [`${names.length} ${noun} (${names.join(', ')})`, ...verb].join(' ');
}
