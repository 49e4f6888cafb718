import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { connectDatabase, describeDatabase } from './connect.js';
import type { Database } from './database.js';
import type { DatabaseSettings } from './database-settings.js';
import { EmbeddedPostgresError, startEmbeddedPostgres } from './embedded-postgres.js';
import { requireSchemaVersion } from './schema-version.js';

/** A connected database, and how to let go of it. */
export interface ProvidedDatabase {
  readonly database: Database;
  /** `DATABASE_URL`, or the folder of the embedded PostgreSQL; without secrets, for a line of output. */
  readonly where: string;
  /** The same as the beginning of a sentence: `The database arp at 127.0.0.1:5432`. */
  readonly subject: string;
  /** Closes the connections, and stops the PostgreSQL that was started for this process. */
  release(): Promise<void>;
}

/** Who connects: its name in pg_stat_activity and the tables that it describes. */
interface DatabaseUser {
  readonly name: string;
  readonly entities: readonly EntityTarget<ObjectLiteral>[];
}

/**
 * The database that the settings name, at the version of this code. An embedded PostgreSQL is ours alone and always migrated; one
 * behind DATABASE_URL only with ARP_DATABASE_MIGRATE=true, see docs/decisions/0013-migrations-are-asked-for.md.
 *
 * @throws EmbeddedPostgresError with one sentence when it cannot be had
 * @throws DatabaseVersionError when it is behind this code and may not be migrated, or newer
 */
export async function provideDatabase(
  settings: DatabaseSettings,
  user: DatabaseUser,
  onNotice: (sentence: string) => void,
): Promise<ProvidedDatabase> {
  const provided = await openDatabase(settings, user, onNotice);
  try {
    const mayMigrate = settings.DATABASE_URL === undefined || settings.ARP_DATABASE_MIGRATE;
    const applied = await requireSchemaVersion(provided.database, provided.subject, mayMigrate);
    for (const name of applied) onNotice(`Database migrated: ${name}.`);
    return provided;
  } catch (error) {
    await provided.release();
    throw asStartupError(error);
  }
}

/**
 * The database that the settings name, at whatever version it is: DATABASE_URL, or an embedded PostgreSQL under ARP_DATA_DIR.
 *
 * @param options `mustExist: true` refuses a data folder without a database instead of creating one
 * @throws EmbeddedPostgresError with one sentence when it cannot be had
 */
export async function openDatabase(
  settings: DatabaseSettings,
  user: DatabaseUser,
  onNotice: (sentence: string) => void,
  options: { readonly mustExist?: boolean } = {},
): Promise<ProvidedDatabase> {
  const embedded =
    settings.DATABASE_URL === undefined
      ? await startEmbeddedPostgres({ dataDir: settings.ARP_DATA_DIR, onNotice, ...options })
      : undefined;
  try {
    const url = embedded?.url ?? settings.DATABASE_URL ?? '';
    const database = await connectDatabase({
      url,
      entities: user.entities,
      poolSize: settings.ARP_DATABASE_POOL_SIZE,
      connectTimeoutMs: settings.ARP_DATABASE_CONNECT_TIMEOUT_MS,
      applicationName: user.name,
    });
    return {
      database,
      where: embedded?.dataDir ?? new URL(url).host,
      subject: embedded === undefined ? `The ${describeDatabase(url)}` : `The database in ${embedded.dataDir}`,
      release: async () => {
        await database.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw asStartupError(error);
  }
}

/** Whatever went wrong before the service runs is for the person who starts it: the message alone. */
function asStartupError(error: unknown): Error {
  if (error instanceof Error && error.name === 'StartupError') return error;
  return new EmbeddedPostgresError(error instanceof Error ? error.message : String(error));
}
