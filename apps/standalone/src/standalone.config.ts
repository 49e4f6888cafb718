import { defineSettings } from '#config';
import type { SettingsOf } from '#config';
import { atomicExecutorSettings } from '../../atomic-executor/src/atomic-executor.config.js';
import { coordinatorSettings } from '../../coordinator/src/coordinator.config.js';
import { gatewaySettings } from '../../gateway/src/gateway.config.js';
import { toolGatewaySettings } from '../../tool-gateway/src/tool-gateway.config.js';

/** Settings of the whole suite in one process: those of its services. Of settings of one name the description of the last holds. */
export const standaloneSettings = defineSettings(
  {
    ...toolGatewaySettings.specs,
    ...gatewaySettings.specs,
    ...coordinatorSettings.specs,
    ...atomicExecutorSettings.specs,
  },
  {
    ...toolGatewaySettings.aliases,
    ...gatewaySettings.aliases,
    ...coordinatorSettings.aliases,
    ...atomicExecutorSettings.aliases,
  },
);

export type StandaloneSettings = SettingsOf<typeof standaloneSettings>;

/** What names a policy; then none is assumed, since dev-allow would go before it. */
const POLICY_SETTINGS = ['JARVIS_POLICY_PATH', 'ARP_POLICY_PATH', 'JARVIS_PDP_URL'];

/** What the suite for trying things out assumes where `env` says nothing else. Each is said aloud at the start. */
export function standaloneDefaults(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const hasPolicy = POLICY_SETTINGS.some((name) => (env[name] ?? '') !== '');
  return {
    ARP_AUTH_PROFILE: 'dev-insecure',
    LOG_LEVEL: 'warn',
    ...(hasPolicy ? {} : { JARVIS_POLICY_PROFILE: 'dev-allow' }),
  };
}
