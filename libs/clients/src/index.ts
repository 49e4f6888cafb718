export { AtomicExecutorClient } from './atomic-executor.client.js';
export { RunCoordinatorClient } from './run-coordinator.client.js';
