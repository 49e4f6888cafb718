/**
 * One Keycloak for the whole test run, with the realm of deploy/keycloak and one client and one user more that only tests have. Beside it the
 * PostgreSQL of every other test run. Where Java or Maven is missing the specs skip; in CI (CI=true) that is an error.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingNeed } from '../../scripts/keycloak/distribution.mjs';
import { REALM_FILE, startKeycloak } from '../../scripts/keycloak/server.mjs';
import setUpPostgres from '../jest-global-setup.mjs';

/** A user's token of this client reaches Keycloak's account API, as that of Keycloak's own account console does. */
const ACCOUNT_CLIENT = {
  clientId: 'test-account',
  enabled: true,
  publicClient: true,
  standardFlowEnabled: true,
  directAccessGrantsEnabled: false,
  fullScopeAllowed: true,
  redirectUris: ['http://127.0.0.1/callback'],
  defaultClientScopes: ['basic', 'profile', 'roles'],
  optionalClientScopes: [],
};

/** Gets locked out by a test. */
const GUESSED_USER = {
  username: 'guessed',
  enabled: true,
  emailVerified: true,
  firstName: 'Gus',
  lastName: 'Guessed',
  email: 'guessed@acme.example',
  credentials: [{ type: 'password', value: 'guessed', temporary: false }],
};

export default async function setUp() {
  const missing = missingNeed();
  if (missing !== undefined) {
    if (process.env.CI === 'true') throw new Error(missing);
    process.stdout.write(`\nKeycloak tests: skipped. ${missing}\n`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'arp-keycloak-realm-'));
  try {
    const realm = JSON.parse(await readFile(REALM_FILE, 'utf8'));
    realm.clients.push(ACCOUNT_CLIENT);
    realm.users.push(GUESSED_USER);
    const realmFile = join(folder, 'realm.json');
    await writeFile(realmFile, JSON.stringify(realm));
    const say = (line) => process.stdout.write(`\n${line}`);
    globalThis.arpTestKeycloak = await startKeycloak({ realmFile, say });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  process.env.ARP_TEST_KEYCLOAK_ISSUER = globalThis.arpTestKeycloak.issuer;
  await setUpPostgres();
}
