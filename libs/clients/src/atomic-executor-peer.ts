import { outboundTokens } from '#auth';
import type { OutboundSettings } from '#auth';
import { defineSettings, secret, text } from '#config';
import type { SettingsOf } from '#config';
import { AtomicExecutorClient } from './atomic-executor.client.js';

/** Settings of every service that calls atomic executors, beside their URLs and how long it waits for them. */
export const atomicExecutorPeer = defineSettings(
  {
    JARVIS_ATOMIC_EXECUTOR_BEARER_TOKEN: secret(1)({
      default: undefined,
      desc: 'Bearer token for calls to the Atomic Executor; with several the same for all. Without it, and with ARP_AUTH_CLIENT_ID, tokens are had from the identity provider.',
    }),
    JARVIS_ATOMIC_EXECUTOR_AUDIENCE: text({
      default: 'arp-jarvis-atomicexecutor',
      desc: 'Audience of the tokens for the Atomic Executor.',
    }),
  },
  {
    JARVIS_ATOMIC_EXECUTOR_URL: ['ARP_ATOMIC_EXECUTOR_URL'],
    JARVIS_ATOMIC_EXECUTOR_BEARER_TOKEN: ['ARP_ATOMIC_EXECUTOR_BEARER_TOKEN'],
  },
);

/** A client for each atomic executor; all have one audience, so one source of tokens. */
export function atomicExecutorClients(
  settings: OutboundSettings & SettingsOf<typeof atomicExecutorPeer>,
  urls: readonly string[] = [],
  timeoutMs: number,
): AtomicExecutorClient[] {
  const tokens = outboundTokens(settings).asService({
    audience: settings.JARVIS_ATOMIC_EXECUTOR_AUDIENCE,
    bearerToken: settings.JARVIS_ATOMIC_EXECUTOR_BEARER_TOKEN,
  });
  return urls.map((baseUrl) => new AtomicExecutorClient({ baseUrl, timeoutMs, tokens }));
}
