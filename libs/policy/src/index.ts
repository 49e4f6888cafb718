export { PolicyCheckpoint, policySettings } from './policy-checkpoint.js';
export type { PolicySettings } from './policy-checkpoint.js';
