import { authSettings } from '#auth';
import { atomicExecutorPeer, nodeRegistryPeer } from '#clients';
import { defineSettings, httpUrl, httpUrls, port, serviceSettings, wholeNumber } from '#config';
import type { SettingsOf } from '#config';
import { policySettings } from '#policy';

/** Settings of the policy decision point. */
export const pdpSettings = defineSettings(
  {
    ...serviceSettings.specs,
    ...authSettings.specs,
    ...policySettings.specs,
    ARP_PDP_PORT: port({ default: 8086, desc: 'Port of the policy decision point.' }),
    ...atomicExecutorPeer.specs,
    ...nodeRegistryPeer.specs,
    JARVIS_ATOMIC_EXECUTOR_URL: httpUrls({
      default: undefined,
      desc: 'Base URL of the Atomic Executor, or several separated by commas: their lists say what policies are told of node types. While one that may know does not answer, nothing is decided.',
      example: 'http://127.0.0.1:8082',
    }),
    JARVIS_ATOMIC_EXECUTOR_TIMEOUT_MS: wholeNumber({ min: 100, max: 60_000 })({
      default: 2_000,
      desc: 'Longest wait for the list of an Atomic Executor, in milliseconds.',
    }),
    JARVIS_NODE_REGISTRY_URL: httpUrl({
      default: undefined,
      desc: 'Base URL of the Node Registry, which is asked before the Atomic Executors. While it does not answer, nothing is decided that is about a node type.',
      example: 'http://127.0.0.1:8084',
    }),
    JARVIS_NODE_REGISTRY_TIMEOUT_MS: wholeNumber({ min: 100, max: 60_000 })({
      default: 2_000,
      desc: 'Longest wait for the Node Registry to answer, in milliseconds.',
    }),
  },
  {
    ...atomicExecutorPeer.aliases,
    ...nodeRegistryPeer.aliases,
    ...policySettings.aliases,
  },
);

export type PdpSettings = SettingsOf<typeof pdpSettings>;
