import { authSettings } from '#auth';
import { defineSettings, httpUrl, port, secret, serviceSettings, text, wholeNumber } from '#config';
import type { SettingsOf } from '#config';

/** Settings of the Run Gateway. */
export const gatewaySettings = defineSettings(
  {
    ...serviceSettings.specs,
    ...authSettings.specs,
    ARP_RUN_GATEWAY_PORT: port({ default: 8080, desc: 'Port of the Run Gateway.' }),
    ARP_RUN_COORDINATOR_URL: httpUrl({
      default: undefined,
      desc: 'Base URL of the Run Coordinator to forward to. Without it the gateway stands alone and keeps runs in memory.',
      example: 'http://127.0.0.1:8081',
    }),
    ARP_RUN_COORDINATOR_BEARER_TOKEN: secret(1)({
      default: undefined,
      desc: 'Bearer token for calls to the Run Coordinator, the same for every caller. Without it, and with ARP_AUTH_CLIENT_ID, the token of the caller is exchanged.',
    }),
    ARP_RUN_COORDINATOR_AUDIENCE: text({
      default: 'arp-run-coordinator',
      desc: 'Audience of the tokens for the Run Coordinator.',
    }),
    ARP_RUN_COORDINATOR_TIMEOUT_MS: wholeNumber({ min: 100, max: 600_000 })({
      default: 30_000,
      desc: 'Longest wait for an answer of the Run Coordinator, in milliseconds. A followed event stream has no limit.',
    }),
  },
  {
    ARP_RUN_COORDINATOR_URL: ['JARVIS_RUN_COORDINATOR_URL'],
    ARP_RUN_COORDINATOR_BEARER_TOKEN: ['JARVIS_RUN_COORDINATOR_BEARER_TOKEN'],
    ARP_RUN_COORDINATOR_AUDIENCE: ['JARVIS_RUN_COORDINATOR_AUDIENCE'],
  },
);

export type GatewaySettings = SettingsOf<typeof gatewaySettings>;
