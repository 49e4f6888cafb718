import { outboundTokens } from '#auth';
import type { OutboundSettings } from '#auth';
import { defineSettings, secret, text } from '#config';
import type { SettingsOf } from '#config';
import { NodeRegistryClient } from './node-registry.client.js';

/** Settings of every service that calls the node registry, beside its URL and how long it waits for it. */
export const nodeRegistryPeer = defineSettings(
  {
    JARVIS_NODE_REGISTRY_BEARER_TOKEN: secret(1)({
      default: undefined,
      desc: 'Bearer token for calls to the Node Registry. Without it, and with ARP_AUTH_CLIENT_ID, tokens are had from the identity provider.',
    }),
    JARVIS_NODE_REGISTRY_AUDIENCE: text({
      default: 'arp-jarvis-noderegistry',
      desc: 'Audience of the tokens for the Node Registry.',
    }),
  },
  { JARVIS_NODE_REGISTRY_URL: ['ARP_NODE_REGISTRY_URL'] },
);

/** The client of the node registry at this URL, if there is one. */
export function nodeRegistryClient(
  settings: OutboundSettings & SettingsOf<typeof nodeRegistryPeer>,
  baseUrl: string | undefined,
  timeoutMs: number,
): NodeRegistryClient | undefined {
  if (baseUrl === undefined) return undefined;
  const tokens = outboundTokens(settings).asService({
    audience: settings.JARVIS_NODE_REGISTRY_AUDIENCE,
    bearerToken: settings.JARVIS_NODE_REGISTRY_BEARER_TOKEN,
  });
  return new NodeRegistryClient({ baseUrl, timeoutMs, tokens });
}
