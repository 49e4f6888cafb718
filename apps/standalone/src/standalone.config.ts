import { defineSettings } from '#config';
import type { SettingsOf } from '#config';
import { atomicExecutorSettings } from '../../atomic-executor/src/atomic-executor.config.js';
import { coordinatorSettings } from '../../coordinator/src/coordinator.config.js';
import { gatewaySettings } from '../../gateway/src/gateway.config.js';

/** Settings of the whole suite in one process: those of its services. */
export const standaloneSettings = defineSettings(
  { ...gatewaySettings.specs, ...coordinatorSettings.specs, ...atomicExecutorSettings.specs },
  { ...gatewaySettings.aliases, ...coordinatorSettings.aliases, ...atomicExecutorSettings.aliases },
);

export type StandaloneSettings = SettingsOf<typeof standaloneSettings>;

/** What the suite for trying things out assumes where nothing is set. Each is said aloud at the start. */
export const STANDALONE_DEFAULTS = {
  ARP_AUTH_PROFILE: 'dev-insecure',
  JARVIS_POLICY_PROFILE: 'dev-allow',
  LOG_LEVEL: 'warn',
} as const;
