export { atomicExecutorChecks } from './atomic-executor-checks.js';
export { RunCoordinatorCheck } from './run-coordinator-check.js';
export { AtomicExecutorClient } from './atomic-executor.client.js';
export { CompositeExecutorClient } from './composite-executor.client.js';
export { NodeRegistryClient } from './node-registry.client.js';
export { NotSentError, peerAnswerOf, wasNotSent, wasTurnedAway } from './peer-errors.js';
export { PolicyDecisionClient } from './policy-decision.client.js';
export { RunCoordinatorClient } from './run-coordinator.client.js';
