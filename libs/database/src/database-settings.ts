import { defineSettings, postgresUrl, text, wholeNumber, yesNo } from '#config';
import type { SettingsOf } from '#config';

/** Settings of every service that keeps rows. */
export const databaseSettings = defineSettings({
  DATABASE_URL: postgresUrl({
    default: undefined,
    desc: 'PostgreSQL to keep everything in. Without it an embedded PostgreSQL runs with its data under ARP_DATA_DIR.',
    example: 'postgres://arp:secret@127.0.0.1:5432/arp',
  }),
  ARP_DATA_DIR: text({ default: '.data', desc: 'Folder of the embedded PostgreSQL, kept between starts.' }),
  ARP_DATABASE_MIGRATE: yesNo({
    default: false,
    desc: 'Migrate the database of DATABASE_URL at start. When false a start on a database behind the code is refused: run npm run db:migrate first. An embedded PostgreSQL is always migrated.',
  }),
  ARP_DATABASE_POOL_SIZE: wholeNumber({ min: 1, max: 500 })({
    default: 16,
    desc: 'Most connections of one process for reads; the group commit has two more and the heartbeat one.',
  }),
  ARP_DATABASE_CONNECT_TIMEOUT_MS: wholeNumber({ min: 100, max: 600_000 })({
    default: 15_000,
    desc: 'How long a starting service waits for the database, in milliseconds.',
  }),
});

export type DatabaseSettings = SettingsOf<typeof databaseSettings>;
