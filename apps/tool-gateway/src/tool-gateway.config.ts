import { authSettings } from '#auth';
import { atomicExecutorPeer } from '#clients';
import {
  defineSettings,
  httpUrl,
  httpUrls,
  list,
  port,
  secret,
  secretLike,
  serviceSettings,
  text,
  wholeNumber,
  yesNo,
} from '#config';
import type { SettingsOf } from '#config';
import { databaseSettings } from '#database';

const MASTER_KEYS = /^[\w.-]+:[A-Za-z0-9+/_-]{43}=?(\s*,\s*[\w.-]+:[A-Za-z0-9+/_-]{43}=?)*$/;

/** Settings of the tool gateway. */
export const toolGatewaySettings = defineSettings(
  {
    ...serviceSettings.specs,
    ...authSettings.specs,
    ...databaseSettings.specs,
    ARP_TOOL_GATEWAY_PORT: port({ default: 8090, desc: 'Port of the tool gateway.' }),
    JARVIS_TOOL_GATEWAY_PUBLIC_URL: httpUrl({
      default: undefined,
      desc: 'Base URL under which agents reach this gateway: assertions may name it as their audience, and DPoP proofs must name it. Without it the audience is arp-tool-gateway and proofs name the URL that the request was sent to.',
      example: 'https://tools.example.org',
    }),
    JARVIS_TOOL_ENCRYPTION_KEYS: secretLike(
      MASTER_KEYS,
      '<name>:<base64 of 32 bytes>, several separated by commas (echo "k1:$(openssl rand -base64 32)")',
    )({
      default: undefined,
      desc: 'Master keys of the credential store: <name>:<base64 of 32 bytes>, several separated by commas. The first encrypts, all decrypt; what another encrypted is encrypted anew at the start. Make one with openssl rand -base64 32. Required, but by npm start, which makes one and keeps it in ARP_DATA_DIR.',
    }),
    NODE_ENV: text({
      default: '',
      desc: 'With production, what is for development only is refused.',
    }),
    JARVIS_TOOL_LEGACY_MINTING: yesNo({
      default: false,
      desc: 'Issue agent tokens to whoever names an agent, without an assertion, and show jobs to whoever knows their id, as the stock Python SDK needs it. For development only: refused with ARP_AUTH_PROFILE=enterprise and where NODE_ENV is production.',
    }),
    ...atomicExecutorPeer.specs,
    JARVIS_ATOMIC_EXECUTOR_URL: httpUrls({
      default: undefined,
      desc: 'Base URL of the Atomic Executor that runs the tools, or several separated by commas, of which the first that offers a tool runs it.',
      example: 'http://127.0.0.1:8082',
    }),
    ARP_RUN_COORDINATOR_URL: httpUrl({
      default: undefined,
      desc: 'Base URL of the Run Coordinator, which runs asynchronous calls. Without it they are refused with jobs_unconfigured.',
      example: 'http://127.0.0.1:8081',
    }),
    ARP_RUN_COORDINATOR_BEARER_TOKEN: secret(1)({
      default: undefined,
      desc: 'Bearer token for calls to the Run Coordinator. Without it, and with ARP_AUTH_CLIENT_ID, tokens are had from the identity provider.',
    }),
    ARP_RUN_COORDINATOR_AUDIENCE: text({
      default: 'arp-run-coordinator',
      desc: 'Audience of the tokens for the Run Coordinator.',
    }),
    ARP_RUN_COORDINATOR_TIMEOUT_MS: wholeNumber({ min: 100, max: 600_000 })({
      default: 30_000,
      desc: 'Longest wait for an answer of the Run Coordinator, in milliseconds.',
    }),
    JARVIS_TOOL_CALL_TIMEOUT_MS: wholeNumber({ min: 100, max: 600_000 })({
      default: 60_000,
      desc: 'Longest time a call of a tool may take, retries included, in milliseconds.',
    }),
    JARVIS_TOOL_RATE_LIMIT_PER_MINUTE: wholeNumber({ min: 1, max: 1_000_000 })({
      default: 60,
      desc: 'Most calls a minute of one agent to one tool, counted in the database for all gateways together.',
    }),
    JARVIS_TOOL_MAX_CONCURRENCY: wholeNumber({ min: 1, max: 10_000 })({
      default: 10,
      desc: 'Most calls of one agent to one tool at once in one gateway; as many more wait, the rest is refused with tool_overloaded.',
    }),
    JARVIS_TOOL_RETRIES: wholeNumber({ min: 0, max: 10 })({
      default: 2,
      desc: 'How often a call that failed with a retryable error is repeated, if its action is idempotent.',
    }),
    JARVIS_TOOL_BREAKER_FAILURES: wholeNumber({ min: 1, max: 1_000 })({
      default: 5,
      desc: 'After so many failures of a tool one after the other, calls of that agent to that tool are held back.',
    }),
    JARVIS_TOOL_BREAKER_OPEN_MS: wholeNumber({ min: 100, max: 3_600_000 })({
      default: 30_000,
      desc: 'How long they are held back until one is let through to try, in milliseconds.',
    }),
    JARVIS_TOOL_CACHE_SECS: list({
      default: ['serpapi:60', 'http_fetch:30'],
      desc: 'For how many seconds the answers of reading actions of a tool are kept, as tool:seconds; per agent and parameters. Others are not kept.',
    }),
    JARVIS_TOOL_LOG_RETENTION_DAYS: wholeNumber({ min: 1, max: 3_650 })({
      default: 30,
      desc: 'For how many days calls, decisions of policies, expired tokens and ended jobs are kept.',
    }),
  },
  {
    ...atomicExecutorPeer.aliases,
    ARP_RUN_COORDINATOR_URL: ['JARVIS_RUN_COORDINATOR_URL'],
    ARP_RUN_COORDINATOR_BEARER_TOKEN: ['JARVIS_RUN_COORDINATOR_BEARER_TOKEN'],
    ARP_RUN_COORDINATOR_AUDIENCE: ['JARVIS_RUN_COORDINATOR_AUDIENCE'],
  },
);

export type ToolGatewaySettings = SettingsOf<typeof toolGatewaySettings>;
