/**
 * `node scripts/keycloak.mjs`: Keycloak with the realm arp-dev for those who have no Docker; it runs until Ctrl-C and keeps nothing.
 * Exit codes: 0 stopped, 1 failed, 69 something that it needs is not installed, 64 wrong arguments.
 */
import { parseArgs } from 'node:util';
import { checkNode } from './install.mjs';
import { KEYCLOAK_VERSION, missingNeed } from './keycloak/distribution.mjs';
import { REALM_FILE, startKeycloak } from './keycloak/server.mjs';
import { stopWithParent } from './stop-with-parent.mjs';

const DEFAULT_PORT = 8180;
const [FAILED, USAGE, UNAVAILABLE] = [1, 64, 69];
const HELP = `Usage: node scripts/keycloak.mjs [--port 8180] [--realm-file FILE]

Starts Keycloak ${KEYCLOAK_VERSION} on 127.0.0.1 with the realm arp-dev, until Ctrl-C. Everything is in memory. The first start
fetches it with Maven. Needs Java 17 or later, and Maven for the first start.

  --port        port to listen on (default ${DEFAULT_PORT})
  --realm-file  realm to import instead of deploy/keycloak/realm-arp-dev.json
  --help        this text

KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD in the environment create an administrator; without them there is none.
`;

checkNode();
const { port, realmFile } = readArguments();
const missing = missingNeed();
if (missing !== undefined) end(UNAVAILABLE, missing);
stopWithParent();

let stopping;
const signal = new Promise((settle) => {
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => settle((stopping = true)));
});
const starting = startKeycloak({ port, host: 'localhost', realmFile, say });
try {
  await Promise.race([starting, signal]);
  if (!stopping) {
    const keycloak = await starting;
    say(`Keycloak is up: ${keycloak.issuer}`);
    say('For development only: users alice, bob, carol, dave, olivia, admin and dev have their names as passwords.');
    say('Settings of the services: ARP_AUTH_PROFILE=dev-secure-keycloak and');
    say(`  ARP_AUTH_ISSUER=${keycloak.issuer}`);
    await Promise.race([keycloak.ended, signal]);
    if (!stopping) end(FAILED, 'Keycloak ended by itself.');
    await keycloak.stop();
  }
} catch (error) {
  end(FAILED, error.message);
}
// While it was still starting: the guard ends what there is when this process does.
process.exit(0);

function readArguments() {
  try {
    const options = { port: { type: 'string' }, 'realm-file': { type: 'string' }, help: { type: 'boolean' } };
    const { values } = parseArgs({ options });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    const number = Number(values.port ?? DEFAULT_PORT);
    if (!Number.isInteger(number) || number < 1 || number > 65_535)
      throw new Error('--port is a number from 1 to 65535.');
    return { port: number, realmFile: values['realm-file'] ?? REALM_FILE };
  } catch (error) {
    return end(USAGE, `${error.message} See --help.`);
  }
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

function end(code, sentence) {
  process.stderr.write(`error: ${sentence}\n`);
  process.exit(code);
}
