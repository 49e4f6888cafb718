import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { connectDatabase } from './connect.js';
import type { Database } from './database.js';
import type { DatabaseSettings } from './database-settings.js';
import { EmbeddedPostgresError, startEmbeddedPostgres } from './embedded-postgres.js';
import { migrate } from './migrate.js';

/** A connected database at the version of this code, and how to let go of it. */
export interface ProvidedDatabase {
  readonly database: Database;
  /** `DATABASE_URL`, or the folder of the embedded PostgreSQL; without secrets, for a line of output. */
  readonly where: string;
  /** Closes the connections, and stops the PostgreSQL that was started for this process. */
  release(): Promise<void>;
}

/**
 * The database that the settings name: DATABASE_URL, or an embedded PostgreSQL under ARP_DATA_DIR; migrated.
 *
 * @throws EmbeddedPostgresError with one sentence when it cannot be had
 */
export async function provideDatabase(
  settings: DatabaseSettings,
  service: { readonly name: string; readonly entities: readonly EntityTarget<ObjectLiteral>[] },
  onNotice: (sentence: string) => void,
): Promise<ProvidedDatabase> {
  const embedded =
    settings.DATABASE_URL === undefined
      ? await startEmbeddedPostgres({ dataDir: settings.ARP_DATA_DIR, onNotice })
      : undefined;
  try {
    const url = embedded?.url ?? settings.DATABASE_URL ?? '';
    const database = await connectDatabase({
      url,
      entities: service.entities,
      poolSize: settings.ARP_DATABASE_POOL_SIZE,
      connectTimeoutMs: settings.ARP_DATABASE_CONNECT_TIMEOUT_MS,
      applicationName: service.name,
    });
    for (const name of await migrate(database)) onNotice(`Database migrated: ${name}.`);
    return {
      database,
      where: embedded === undefined ? new URL(url).host : embedded.dataDir,
      release: async () => {
        await database.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw new EmbeddedPostgresError(error instanceof Error ? error.message : String(error));
  }
}
