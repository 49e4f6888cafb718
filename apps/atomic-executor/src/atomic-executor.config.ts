import { authSettings } from '#auth';
import { defineSettings, httpUrl, list, port, secret, serviceSettings, text, wholeNumber, yesNo } from '#config';
import type { SettingsOf } from '#config';

/** Settings of the Atomic Executor. */
export const atomicExecutorSettings = defineSettings({
  ...serviceSettings.specs,
  ...authSettings.specs,
  ARP_ATOMIC_EXECUTOR_PORT: port({ default: 8082, desc: 'Port of the Atomic Executor.' }),
  JARVIS_DEFAULT_TIMEOUT_SECS: wholeNumber({ min: 1, max: 86_400 })({
    default: 120,
    desc: 'Longest time a node run may take when its node type does not say, in seconds.',
  }),
  JARVIS_MAX_CONCURRENCY: wholeNumber({ min: 1, max: 100_000 })({
    default: 256,
    desc: 'Most node runs at work at once; node types may have limits of their own below it.',
  }),
  JARVIS_MAX_QUEUED: wholeNumber({ min: 0, max: 100_000 })({
    default: 256,
    desc: 'Most node runs that wait for a place; one more is refused with execution_overloaded.',
  }),
  JARVIS_CANCEL_GRACE_MS: wholeNumber({ min: 0, max: 60_000 })({
    default: 1_000,
    desc: 'How long a handler whose node run was canceled or is out of time may take to end, in milliseconds. Then its process is killed; in the process of the executor it is abandoned.',
  }),
  JARVIS_MAX_OUTPUTS_BYTES: wholeNumber({ min: 1_024, max: 67_108_864 })({
    default: 4_194_304,
    desc: 'Largest outputs of a node run, in bytes of their JSON; larger ones fail it with outputs_too_large.',
  }),
  JARVIS_REMEMBER_RESULTS_SECS: wholeNumber({ min: 0, max: 86_400 })({
    default: 600,
    desc: 'How long a result is remembered, in seconds: the same node run asked for again gets it instead of running twice. At most 64 MiB of them.',
  }),
  JARVIS_ARTIFACTS_DIR: text({
    default: '.data/artifacts',
    desc: 'Folder in which artifacts that handlers put are kept. Nothing deletes them.',
  }),
  JARVIS_MAX_ARTIFACT_BYTES: wholeNumber({ min: 1_024, max: 268_435_456 })({
    default: 16_777_216,
    desc: 'Largest artifact, in bytes.',
  }),
  JARVIS_NODEPACK_PATHS: list({
    default: [],
    desc: 'Folders with node packs, separated by commas, beside those that are installed as dependencies.',
    example: '/srv/packs/weather,/srv/packs',
  }),
  JARVIS_NODEPACK_ALLOW: list({
    default: undefined,
    desc: 'Packages that may be loaded, separated by commas: dependencies by name (@acme/* for a whole scope), folders of JARVIS_NODEPACK_PATHS by their path (/srv/packs/* for those below). Without it all that are found.',
  }),
  JARVIS_NODEPACK_DENY: list({
    default: [],
    desc: 'Packages that are never loaded, separated by commas, named as in JARVIS_NODEPACK_ALLOW; folders also by the name in their package.json.',
  }),
  JARVIS_NODEPACK_STRICT: yesNo({
    default: false,
    desc: 'Refuse to start when a pack is refused, instead of running without it.',
  }),
  JARVIS_NODEPACK_IN_PROCESS: list({
    default: [],
    desc: 'Packages beside the first-party ones whose code runs in the process of the executor, named as in JARVIS_NODEPACK_ALLOW: faster, and trusted like the executor itself. All others run in processes of their own.',
  }),
  JARVIS_NODEPACK_MAX_PROCESSES: wholeNumber({ min: 1, max: 256 })({
    default: 4,
    desc: 'Most processes of one pack; each runs one node run at a time, more wait.',
  }),
  JARVIS_NODEPACK_MEMORY_MB: wholeNumber({ min: 16, max: 65_536 })({
    default: 256,
    desc: 'Most memory of a process of a pack, in MiB. A pack may ask for less.',
  }),
  JARVIS_NODEPACK_GRANTS: list({
    default: [],
    desc: 'Permissions that packs with processes of their own get when they ask for them, separated by commas: <pack id>:files.read:<path>, <pack id>:files.write:<path>, <pack id>:child_process, <pack id>:worker_threads or <pack id>:native_addons. And credentials with other names than the pack that reads them: <pack id>:credential:<name>.',
    example: 'acme.reports:files.read:/srv/reports,acme.reports:worker_threads',
  }),
  JARVIS_EGRESS_ALLOW: list({
    default: undefined,
    desc: 'Hosts that nodes may call with ctx.http, separated by commas, such as api.example.com or *.example.com:8443. Without it every public host that the node declares.',
  }),
  JARVIS_EGRESS_BLOCK: list({
    default: [],
    desc: 'Hosts that no node may call with ctx.http, separated by commas.',
  }),
  JARVIS_EGRESS_ALLOW_PRIVATE: list({
    default: [],
    desc: 'Addresses or CIDR ranges that are not public and may be called with ctx.http nevertheless, separated by commas.',
    example: '10.20.0.0/16',
  }),
  UPSTREAM_MODE: text<'live' | 'mock'>({
    default: 'live',
    choices: ['live', 'mock'],
    desc: 'Who answers what nodes call with ctx.http: live, the network; mock, the imitations that node packs ship with, while credentials read as mock-credential. For tests and demonstrations: mock is refused where ARP_AUTH_PROFILE is enterprise.',
  }),
  JARVIS_TOOL_GATEWAY_URL: httpUrl({
    default: undefined,
    desc: 'Base URL of the tool gateway, which keeps the credentials that nodes read. Without it node runs that need one fail with credential_missing.',
    example: 'http://127.0.0.1:8090',
  }),
  JARVIS_TOOL_GATEWAY_BEARER_TOKEN: secret(1)({
    default: undefined,
    desc: 'Bearer token for calls to the tool gateway. Without it, and with ARP_AUTH_CLIENT_ID, tokens are had from the identity provider. It needs the permission credential.use.',
  }),
  JARVIS_TOOL_GATEWAY_AUDIENCE: text({
    default: 'arp-tool-gateway',
    desc: 'Audience of the tokens for the tool gateway.',
  }),
  JARVIS_TOOL_GATEWAY_TIMEOUT_MS: wholeNumber({ min: 100, max: 60_000 })({
    default: 5_000,
    desc: 'Longest wait for the tool gateway to answer, in milliseconds.',
  }),
});

export type AtomicExecutorSettings = SettingsOf<typeof atomicExecutorSettings>;
