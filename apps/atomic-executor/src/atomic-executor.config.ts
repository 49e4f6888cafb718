import { defineSettings, list, port, serviceSettings, wholeNumber, yesNo } from '#config';
import type { SettingsOf } from '#config';

/** Settings of the Atomic Executor. */
export const atomicExecutorSettings = defineSettings({
  ...serviceSettings.specs,
  ARP_ATOMIC_EXECUTOR_PORT: port({ default: 8082, desc: 'Port of the Atomic Executor.' }),
  JARVIS_DEFAULT_TIMEOUT_SECS: wholeNumber({ min: 1, max: 86_400 })({
    default: 120,
    desc: 'Longest time a node run may take when its node type does not say, in seconds.',
  }),
  JARVIS_MAX_CONCURRENCY: wholeNumber({ min: 1, max: 100_000 })({
    default: undefined,
    desc: 'Most node runs at once; one more is refused with execution_overloaded. Without it there is no limit.',
  }),
  JARVIS_NODEPACK_PATHS: list({
    default: [],
    desc: 'Folders with node packs, separated by commas, beside those that are installed as dependencies.',
    example: '/srv/packs/weather,/srv/packs',
  }),
  JARVIS_NODEPACK_ALLOW: list({
    default: undefined,
    desc: 'Names of the packages that may be loaded, separated by commas. Without it all that are found.',
  }),
  JARVIS_NODEPACK_DENY: list({ default: [], desc: 'Names of packages that are never loaded, separated by commas.' }),
  JARVIS_NODEPACK_STRICT: yesNo({
    default: false,
    desc: 'Refuse to start when a pack is refused, instead of running without it.',
  }),
});

export type AtomicExecutorSettings = SettingsOf<typeof atomicExecutorSettings>;
