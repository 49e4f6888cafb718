export { copyTree } from './copied-tree.js';
export { startPostgresServer } from './postgres-server.js';
export type { PostgresServer } from './postgres-server.js';
export { freePort, startGroup, startProcess, untilServing } from './service-process.js';
export type { ServiceProcess } from './service-process.js';
export { createTestDatabase } from './test-database.js';
export type { TestDatabase } from './test-database.js';
