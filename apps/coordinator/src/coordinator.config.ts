import {
  defineSettings,
  httpUrl,
  mayBeEmpty,
  port,
  serviceSettings,
  text,
  textLike,
  wholeNumber,
  yesNo,
} from '#config';
import type { SettingsOf } from '#config';
import { databaseSettings } from '#database';
import { policySettings } from '#policy';

/** A prefix with which every key is as `common/extensions.schema.json` wants it; or none. */
const EXTENSIONS_PREFIX = /^(?:[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.)?$/;

/** Settings of the Run Coordinator. */
export const coordinatorSettings = defineSettings(
  {
    ...serviceSettings.specs,
    ...databaseSettings.specs,
    ...policySettings.specs,
    ARP_RUN_COORDINATOR_PORT: port({ default: 8081, desc: 'Port of the Run Coordinator.' }),
    JARVIS_ATOMIC_EXECUTOR_URL: httpUrl({
      default: undefined,
      desc: 'Base URL of the Atomic Executor. Without it atomic node runs fail with atomic_executor_unconfigured.',
      example: 'http://127.0.0.1:8082',
    }),
    JARVIS_ATOMIC_EXECUTOR_BEARER_TOKEN: text({
      default: undefined,
      desc: 'Bearer token for calls to the Atomic Executor.',
    }),
    JARVIS_ATOMIC_EXECUTOR_TIMEOUT_MS: wholeNumber({ min: 100, max: 86_400_000 })({
      default: 300_000,
      desc: 'Longest wait for the Atomic Executor to answer, in milliseconds.',
    }),
    JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: yesNo({
      default: true,
      desc: 'Dispatch queued node runs. When false they stay queued for another coordinator, or for an executor that reports by itself.',
    }),
    JARVIS_RUN_COORDINATOR_MAX_IN_FLIGHT: wholeNumber({ min: 1, max: 10_000 })({
      default: 64,
      desc: 'Most node runs that this process runs at once; the rest waits in the queue.',
    }),
    JARVIS_EXTENSIONS_PREFIX: mayBeEmpty(
      textLike(
        EXTENSIONS_PREFIX,
        'empty, or lower-case words with a dot after each, such as jarvis. or org.example.',
      )({
        default: 'jarvis.',
        desc: 'Prefix of the extension keys that the coordinator writes on runs and node runs. An empty value is a value here: bare keys, as the Python stack writes them, which the schemas of the standard refuse.',
      }),
    ),
  },
  {
    JARVIS_ATOMIC_EXECUTOR_URL: ['ARP_ATOMIC_EXECUTOR_URL'],
    JARVIS_ATOMIC_EXECUTOR_BEARER_TOKEN: ['ARP_ATOMIC_EXECUTOR_BEARER_TOKEN'],
  },
);

export type CoordinatorSettings = SettingsOf<typeof coordinatorSettings>;
