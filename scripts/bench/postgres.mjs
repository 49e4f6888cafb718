import { fdatasyncSync, mkdirSync, mkdtempSync, openSync, closeSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { connectDatabase, migrate, startEmbeddedPostgres } from '../../dist/libs/database/src/index.js';
import { ROOT } from '../install.mjs';
import { atEnd } from './ending.mjs';
import { median } from './latencies.mjs';

const TMPFS = 0x01021994;

/**
 * Starts the embedded PostgreSQL with the settings it has under `npm start`, in a new folder of `.data/`: the disk that the suite
 * would use, where a temporary folder of the system may be memory.
 *
 * @returns {Promise<BenchPostgres>}
 */
export async function startPostgres(onNotice) {
  const parent = join(ROOT, '.data');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'bench-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({ dataDir: folder, onNotice });
  // For root the data may be elsewhere.
  atEnd(() => rmSync(server.dataDir, { recursive: true, force: true }));
  atEnd(() => server.stop());
  const watcher = await connect(urlOf(server.url, 'postgres'));
  return new BenchPostgres(server, folder, watcher);
}

/** The server of one bench; every section has a database of its own there. */
export class BenchPostgres {
  #server;
  #watcher;

  constructor(server, folder, watcher) {
    this.#server = server;
    this.#watcher = watcher;
    /** A folder that is gone after the bench. */
    this.folder = folder;
  }

  /** postgres:// URL of a database. */
  url(database) {
    return urlOf(this.#server.url, database);
  }

  async createDatabase(name) {
    await this.#watcher.query(`create database ${pg.escapeIdentifier(name)}`);
  }

  async dropDatabase(name) {
    await this.#watcher.query(`drop database ${pg.escapeIdentifier(name)} with (force)`);
  }

  /** Gives a database the tables of the suite. */
  async migrate(name) {
    const database = await connectDatabase({
      url: this.url(name),
      entities: [],
      poolSize: 2,
      connectTimeoutMs: 5_000,
      applicationName: 'bench',
    });
    await migrate(database);
    await database.close();
  }

  /**
   * A connection of the bench, closed at its end.
   *
   * @param {string} database
   * @param {import('pg').ClientConfig} config
   */
  connect(database, config = {}) {
    return connect(this.url(database), config);
  }

  /** Transactions of a database so far, as its sessions have reported them: each does at most every second. */
  async transactions(database) {
    const { rows } = await this.#watcher.query(
      'select xact_commit + xact_rollback as count from pg_stat_database where datname = $1',
      [database],
    );
    return Number(rows[0].count);
  }

  /** What decides about the figures. @throws Error when commits do not wait for the disk */
  async description() {
    const read = async (name) => (await this.#watcher.query(`show ${name}`)).rows[0][name];
    const version = await read('server_version');
    const fsync = await read('fsync');
    const synchronousCommit = await read('synchronous_commit');
    if (fsync !== 'on' || synchronousCommit !== 'on') {
      throw new Error(`fsync is ${fsync} and synchronous_commit ${synchronousCommit}: nothing would be durable`);
    }
    return {
      postgres: version,
      fsync,
      synchronous_commit: synchronousCommit,
      data_in_memory: statfsSync(this.#server.dataDir).type === TMPFS,
      fdatasync_ms: fdatasyncMs(this.folder),
    };
  }
}

/** Median milliseconds of one write of 8 KiB that reaches the disk. */
function fdatasyncMs(folder) {
  const path = join(folder, 'fdatasync');
  const page = Buffer.alloc(8_192);
  const file = openSync(path, 'w');
  const times = Array.from({ length: 100 }, () => {
    const from = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - from;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
}

async function connect(connectionString, config = {}) {
  const client = new pg.Client({ connectionString, application_name: 'bench', ...config });
  // A server that stops at the end of the bench is no failure; a query that fails says so itself.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function urlOf(url, database) {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
