import { defineSettings, httpUrl, port, serviceSettings, text, wholeNumber, yesNo } from '#config';
import type { SettingsOf } from '#config';
import { databaseSettings } from '#database';
import { policySettings } from '#policy';

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
    JARVIS_RUN_RETENTION_DAYS: wholeNumber({ min: 1, max: 36_500 })({
      default: undefined,
      desc: 'Finished runs are kept for at least this many days after their end and deleted within two days more. Without it they are kept for ever.',
      example: '30',
    }),
  },
  {
    JARVIS_ATOMIC_EXECUTOR_URL: ['ARP_ATOMIC_EXECUTOR_URL'],
    JARVIS_ATOMIC_EXECUTOR_BEARER_TOKEN: ['ARP_ATOMIC_EXECUTOR_BEARER_TOKEN'],
  },
);

export type CoordinatorSettings = SettingsOf<typeof coordinatorSettings>;
