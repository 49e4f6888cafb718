import 'reflect-metadata';
import { resolveAuth } from '#auth';
import type { AuthRules } from '#auth';
import { namesThatMayBeEmpty, processEnvironment, readInvocation } from '#config';
import { runService, SERVICE_VERSION } from '#http';
import { GATEWAY_AUTH } from '../../gateway/src/gateway.app.js';
import { demonstrate, ECHO_REQUEST } from './demonstration.js';
import { startSuite } from './standalone.app.js';
import type { Suite } from './standalone.app.js';
import { standaloneDefaults, standaloneSettings } from './standalone.config.js';
import type { StandaloneSettings } from './standalone.config.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

await runService(async () => {
  const env = processEnvironment(process.cwd(), namesThatMayBeEmpty(standaloneSettings));
  const { settings, switches } = readInvocation(
    standaloneSettings,
    {
      command: 'npm start --',
      description:
        'Starts gateway, coordinator, atomic executor and tool gateway in one process and runs jarvis.core.echo once.',
      version: SERVICE_VERSION,
      switches: { 'no-demo': 'start without the demonstration run' },
    },
    undefined,
    { ...standaloneDefaults(env), ...env },
  );
  const suite = await startSuite(settings, say);
  const auth = resolveAuth(settings, GATEWAY_AUTH);
  const { profile, mode } = auth;
  const chosen = settings.ARP_AUTH_MODE === undefined ? `ARP_AUTH_PROFILE=${profile}` : `ARP_AUTH_MODE=${mode}`;
  say(
    mode === 'disabled'
      ? `The suite is up, without authentication (${chosen}).`
      : `The suite is up, and a token is ${mode} (${chosen}).`,
  );
  if (mode !== 'disabled') sayWhichTokens(auth, settings.ARP_RUN_GATEWAY_PORT);
  say(`Policy: ${describePolicy(settings)}.`);
  if (mode !== 'disabled' && !switches['no-demo']) {
    say('The demonstration run is left out: it has no token.');
  } else if (!switches['no-demo']) {
    await demonstrate(suite, say).catch((error: unknown) => {
      say(`  the demonstration failed: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  showWhereToGo(suite, mode);
  return {
    graceMs: settings.ARP_SHUTDOWN_GRACE_MS,
    stop: async () => {
      say('\nStopping: finishing what runs, then the database.');
      await suite.stop();
      say('Stopped.');
    },
  };
});

function describePolicy(settings: StandaloneSettings): string {
  const { JARVIS_PDP_URL: pdp, JARVIS_POLICY_PROFILE: profile, JARVIS_POLICY_PATH: file } = settings;
  if (pdp !== undefined) return `decided by ${pdp} (JARVIS_PDP_URL)`;
  if (profile === 'dev-allow') {
    return 'JARVIS_POLICY_PROFILE=dev-allow, everything is allowed. For development only';
  }
  return file === undefined ? 'none is configured, everything is denied' : `the file ${file} (JARVIS_POLICY_PATH)`;
}

function sayWhichTokens({ tokens }: AuthRules, gatewayPort: number): void {
  say(
    `Tokens are those of ${tokens.issuer} for ${tokens.audiences.join(' or ')}: docs/security.md says how to get one.`,
  );
  const { hostname, port } = new URL(tokens.issuer);
  // The reference has its Keycloak where its gateway is too.
  if (['localhost', '127.0.0.1'].includes(hostname) && port === String(gatewayPort)) {
    say(
      'That is where this gateway listens: set ARP_AUTH_ISSUER. That of npm run keycloak is http://localhost:8180/realms/arp-dev.',
    );
  }
}

function showWhereToGo(
  { gateway, coordinator, atomicExecutor, toolGateway, data }: Suite,
  mode: AuthRules['mode'],
): void {
  const token = mode === 'disabled' ? '' : ' -H "authorization: Bearer $TOKEN"';
  say(`
  Run Gateway       ${gateway}/v1/runs    Swagger UI ${gateway}/docs
  Run Coordinator   ${coordinator}/v1/runs    Swagger UI ${coordinator}/docs
  Atomic Executor   ${atomicExecutor}/v1/node-types    Swagger UI ${atomicExecutor}/docs
  Tool Gateway      ${toolGateway}/api/proxy-request    Swagger UI ${toolGateway}/docs
  Data              ${data}

Try it:

  curl -s ${gateway}/v1/runs${token} -H 'content-type: application/json' -d '${JSON.stringify(ECHO_REQUEST)}'

LOG_LEVEL=info shows the request log. Ctrl-C stops everything.`);
}
