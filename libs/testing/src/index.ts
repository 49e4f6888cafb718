export { copyTree } from './copied-tree.js';
export { freePort, startGroup, startProcess, untilServing } from './service-process.js';
export type { ServiceProcess } from './service-process.js';
export { createTestDatabase } from './test-database.js';
export type { TestDatabase } from './test-database.js';
