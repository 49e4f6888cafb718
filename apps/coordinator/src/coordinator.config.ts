import {
  defineSettings,
  exactUrl,
  httpUrl,
  httpUrls,
  mayBeEmpty,
  port,
  secret,
  secretLike,
  serviceSettings,
  text,
  textLike,
  wholeNumber,
  yesNo,
} from '#config';
import type { SettingsOf } from '#config';
import { authSettings } from '#auth';
import { atomicExecutorPeer, nodeRegistryPeer } from '#clients';
import { databaseSettings } from '#database';
import { policySettings } from '#policy';
import { WEBHOOK_SECRET } from './approvals/webhook-signature.js';

/** A prefix with which every key is as `common/extensions.schema.json` wants it; or none. */
const EXTENSIONS_PREFIX = /^(?:[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.)?$/;

/** Settings of the Run Coordinator. */
export const coordinatorSettings = defineSettings(
  {
    ...serviceSettings.specs,
    ...authSettings.specs,
    ...databaseSettings.specs,
    ...policySettings.specs,
    ARP_RUN_COORDINATOR_PORT: port({ default: 8081, desc: 'Port of the Run Coordinator.' }),
    ...atomicExecutorPeer.specs,
    ...nodeRegistryPeer.specs,
    JARVIS_ATOMIC_EXECUTOR_URL: httpUrls({
      default: undefined,
      desc: 'Base URL of the Atomic Executor, or several separated by commas, which are chosen by node type. Without it atomic node runs fail with atomic_executor_unconfigured.',
      example: 'http://127.0.0.1:8082',
    }),
    JARVIS_ATOMIC_EXECUTOR_TIMEOUT_MS: wholeNumber({ min: 100, max: 86_400_000 })({
      default: 300_000,
      desc: 'Longest wait for an Atomic Executor to answer, in milliseconds; for a node type that may take longer (jarvis.timeout_ms) that and 30 s more.',
    }),
    JARVIS_COMPOSITE_EXECUTOR_URL: httpUrl({
      default: undefined,
      desc: 'Base URL of the Composite Executor. Without it composite node runs fail with composite_executor_unconfigured.',
      example: 'http://127.0.0.1:8083',
    }),
    JARVIS_COMPOSITE_EXECUTOR_BEARER_TOKEN: secret(1)({
      default: undefined,
      desc: 'Bearer token for calls to the Composite Executor. Without it, and with ARP_AUTH_CLIENT_ID, tokens are had from the identity provider.',
    }),
    JARVIS_COMPOSITE_EXECUTOR_AUDIENCE: text({
      default: 'arp-jarvis-compositeexecutor',
      desc: 'Audience of the tokens for the Composite Executor.',
    }),
    JARVIS_COMPOSITE_EXECUTOR_TIMEOUT_MS: wholeNumber({ min: 100, max: 3_600_000 })({
      default: 30_000,
      desc: 'Longest wait for the Composite Executor to answer, in milliseconds. It answers when it has taken a node run, not when that ends.',
    }),
    JARVIS_NODE_REGISTRY_URL: httpUrl({
      default: undefined,
      desc: 'Base URL of the Node Registry. Without it node types are described by the Atomic Executors and by the prefix of their id.',
      example: 'http://127.0.0.1:8084',
    }),
    JARVIS_NODE_REGISTRY_TIMEOUT_MS: wholeNumber({ min: 100, max: 600_000 })({
      default: 5_000,
      desc: 'Longest wait for the Node Registry to answer, in milliseconds.',
    }),
    JARVIS_PDP_URL: httpUrl({
      default: undefined,
      desc: 'Base URL of a policy decision point (PDP), which then decides alone: neither JARVIS_POLICY_PROFILE nor JARVIS_POLICY_PATH is looked at. Whatever it does not decide is denied with pdp_unavailable.',
      example: 'http://127.0.0.1:8086',
    }),
    JARVIS_PDP_BEARER_TOKEN: secret(1)({
      default: undefined,
      desc: 'Bearer token for calls to the PDP. Without it, and with ARP_AUTH_CLIENT_ID, tokens are had from the identity provider.',
    }),
    JARVIS_PDP_AUDIENCE: text({ default: 'arp-jarvis-pdp', desc: 'Audience of the tokens for the PDP.' }),
    JARVIS_PDP_TIMEOUT_MS: wholeNumber({ min: 100, max: 60_000 })({
      default: 5_000,
      desc: 'Longest wait for a decision of the PDP, in milliseconds.',
    }),
    JARVIS_RUN_COORDINATOR_PUBLIC_URL: httpUrl({
      default: undefined,
      desc: 'Base URL under which executors reach this coordinator. Without it composite node runs fail with coordinator_url_unconfigured.',
      example: 'http://127.0.0.1:8081',
    }),
    JARVIS_ASSIGNMENT_TOKEN_SECRET: secret(32)({
      default: undefined,
      desc: 'Signs the tokens with which composite executors report, at least 32 characters, the same for all coordinators of a database. Without it one is made and kept in the database.',
    }),
    JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: yesNo({
      default: true,
      desc: 'Dispatch queued node runs. When false they stay queued for another coordinator, or for an executor that reports by itself.',
    }),
    JARVIS_RUN_COORDINATOR_MAX_IN_FLIGHT: wholeNumber({ min: 1, max: 10_000 })({
      default: 64,
      desc: 'Most node runs that this process runs at once; the rest waits in the queue.',
    }),
    JARVIS_COMPOSITE_NODE_RUN_TIMEOUT_MS: wholeNumber({ min: 1_000, max: 2_592_000_000 })({
      default: 3_600_000,
      desc: 'How long a composite executor may work on a node run until it fails with timeout, in milliseconds.',
    }),
    JARVIS_APPROVAL_EXPIRY_SECONDS: wholeNumber({ min: 1, max: 31_536_000 })({
      default: 86_400,
      desc: 'How long an approval waits for somebody until it is denied by itself, in seconds, where policy does not say.',
    }),
    JARVIS_APPROVAL_WEBHOOK_URL: exactUrl({
      default: undefined,
      desc: 'URL that is sent a signed event for each approval that is asked for, approved, denied, expired or withdrawn; the same for all coordinators of a database. Without it nobody is told.',
      example: 'https://chat.example.org/hooks/approvals',
    }),
    JARVIS_APPROVAL_WEBHOOK_SECRET: secretLike(
      WEBHOOK_SECRET,
      'base64 of 24 to 64 bytes, with or without whsec_ before it (openssl rand -base64 32)',
    )({
      default: undefined,
      desc: 'Signs what is sent to JARVIS_APPROVAL_WEBHOOK_URL, as Standard Webhooks say: base64 of 24 to 64 bytes, with or without whsec_ before it.',
    }),
    JARVIS_APPROVAL_WEBHOOK_TIMEOUT_MS: wholeNumber({ min: 100, max: 60_000 })({
      default: 10_000,
      desc: 'Longest wait for the approval webhook to answer, in milliseconds.',
    }),
    JARVIS_RUN_COORDINATOR_MAX_ATTEMPTS: wholeNumber({ min: 1, max: 100 })({
      default: 3,
      desc: 'Executions in all of a node run that fails with a retryable error and may be repeated; a retry policy of its node type goes before.',
    }),
    JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS: wholeNumber({ min: 1, max: 1_000 })({
      default: 12,
      desc: 'How often in a row a node run is not sent because its executor is not reached, and how often in all it is executed when executors do not answer or coordinators are lost; the pauses double from 0.25 s to 15 s.',
    }),
    JARVIS_RUN_COORDINATOR_MAX_QUEUED_COMMANDS: wholeNumber({ min: 1, max: 1_000_000 })({
      default: 10_000,
      desc: 'Most commands that wait for the database; beyond it requests are refused with 503 overloaded.',
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
    JARVIS_MAX_INPUTS_BYTES: wholeNumber({ min: 1_024, max: 67_108_864 })({
      default: 1_048_576,
      desc: 'Largest inputs of a run or node run, in bytes of their JSON; larger ones are refused with 413.',
    }),
    JARVIS_MAX_OUTPUTS_BYTES: wholeNumber({ min: 1_024, max: 67_108_864 })({
      default: 4_194_304,
      desc: 'Largest outputs of a node run, in bytes of their JSON; larger ones fail it with outputs_too_large.',
    }),
    JARVIS_RUN_RETENTION_DAYS: wholeNumber({ min: 1, max: 36_500 })({
      default: undefined,
      desc: 'Finished runs are kept for at least this many days after their end and deleted within two days more. Without it they are kept for ever.',
      example: '30',
    }),
  },
  {
    ...atomicExecutorPeer.aliases,
    JARVIS_COMPOSITE_EXECUTOR_URL: ['ARP_COMPOSITE_EXECUTOR_URL'],
    ...nodeRegistryPeer.aliases,
    JARVIS_PDP_URL: ['ARP_PDP_URL'],
    ...policySettings.aliases,
  },
);

export type CoordinatorSettings = SettingsOf<typeof coordinatorSettings>;
