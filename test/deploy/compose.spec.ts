/** docker-compose.yml, read as YAML and, where a client is installed, by `docker compose config`. */
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly profiles: string[];
  readonly command?: string[];
  readonly environment: Record<string, string>;
  readonly secrets?: string[];
  readonly ports?: string[];
  readonly healthcheck?: object;
  readonly depends_on?: Record<string, { condition: string }>;
  readonly cap_drop?: string[];
}
interface ComposeFile {
  readonly services: Record<string, Service>;
  readonly secrets: Record<string, { file: string }>;
}
interface Client {
  readonly clientId: string;
  readonly secret?: string;
}

const OWN = 'arp-jarvis';
const SECRETS = 'deploy/secrets/dev';
const PROFILES = ['insecure', 'secure'];

describe('docker-compose.yml', () => {
  let compose: ComposeFile;
  let clients: Client[];
  const inProfile = (profile: string): [string, Service][] =>
    Object.entries(compose.services).filter(([, { profiles }]) => profiles.includes(profile));
  const secret = (name: string): Promise<string> => readFile(join(SECRETS, name), 'utf8');

  beforeAll(async () => {
    compose = parse(await readFile('docker-compose.yml', 'utf8'), { merge: true }) as ComposeFile;
    const realm = JSON.parse(await readFile('deploy/keycloak/realm-arp-dev.json', 'utf8')) as { clients: Client[] };
    clients = realm.clients;
  });

  it.each(PROFILES)('%s: every service of the suite, once, and what it depends on', (profile) => {
    const services = inProfile(profile);
    const own = services.filter(([, { image }]) => image === OWN).map(([, { command }]) => command?.[0]);
    expect(own.sort()).toEqual(['atomic-executor', 'coordinator', 'gateway', 'tool-gateway']);
    const names = services.map(([name]) => name);
    for (const [, { depends_on = {} }] of services) {
      expect(names).toEqual(expect.arrayContaining(Object.keys(depends_on)));
      for (const { condition } of Object.values(depends_on)) expect(condition).toBe('service_healthy');
    }
  });

  it('every service says whether it is healthy, and ports are open to this machine only', async () => {
    const dockerfile = await readFile('Dockerfile', 'utf8');
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
    for (const service of Object.values(compose.services)) {
      if (service.image !== OWN) expect(service.healthcheck).toBeDefined();
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('our image does not run as root, and has no capability', async () => {
    const dockerfile = await readFile('Dockerfile', 'utf8');
    expect(dockerfile.slice(dockerfile.lastIndexOf('FROM '))).toMatch(/^USER node$/m);
    for (const { image, cap_drop } of Object.values(compose.services)) {
      if (image !== 'postgres:18') expect(cap_drop).toEqual(['ALL']);
    }
  });

  it('Keycloak is the version that the tests run', async () => {
    const script = await readFile('scripts/keycloak/distribution.mjs', 'utf8');
    const version = /KEYCLOAK_VERSION = '([^']+)'/.exec(script)?.[1];
    expect(compose.services['keycloak']?.image).toBe(`quay.io/keycloak/keycloak:${version}`);
  });

  it('secrets come by files only: none in the environment, each used and each in the folder for development', async () => {
    const used = new Set<string>();
    for (const { environment, secrets = [] } of Object.values(compose.services)) {
      for (const [name, value] of Object.entries(environment)) {
        expect(value).not.toMatch(/:\/\/[^/]*:[^/]*@/);
        if (!/SECRET|PASSWORD|DATABASE_URL/.test(name)) continue;
        expect(name).toMatch(/_FILE$/);
        expect(value).toMatch(/^\/run\/secrets\//);
        expect(secrets).toContain(value.replace('/run/secrets/', ''));
      }
      for (const name of secrets) used.add(name);
    }
    expect([...used].sort()).toEqual(Object.keys(compose.secrets).sort());
    expect((await readdir(SECRETS)).sort()).toEqual([...used].sort());
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`\${ARP_SECRETS_DIR:-./${SECRETS}}/${name}`);
    }
    expect(new URL(await secret('database-url')).password).toBe(await secret('postgres-password'));
  });

  it('secure: clients, secrets and audiences are those of the realm, and every profile is said aloud', async () => {
    for (const profile of PROFILES) {
      for (const [, { image, environment }] of inProfile(profile)) {
        if (image !== OWN) continue;
        expect(environment['ARP_AUTH_PROFILE']).toBe(profile === 'secure' ? 'dev-secure-keycloak' : 'dev-insecure');
        if (profile === 'insecure') continue;
        const ids = clients.map(({ clientId }) => clientId);
        for (const [name, value] of Object.entries(environment)) {
          if (/(_AUDIENCE|_SERVICE_ID|_CLIENT_ID)$/.test(name)) expect(ids).toContain(value);
        }
        const clientId = environment['ARP_AUTH_CLIENT_ID'];
        if (clientId === undefined) continue;
        const known = clients.find((client) => client.clientId === clientId)?.secret;
        expect(await secret(environment['ARP_AUTH_CLIENT_SECRET_FILE']?.split('/').at(-1) ?? '')).toBe(known);
      }
    }
  });

  it.each(PROFILES)('%s: docker compose config accepts it, where a client is there to say so', (profile) => {
    const client = [['docker', 'compose'], ['docker-compose']].find(
      ([command = '', ...args]) => spawnSync(command, [...args, 'version']).status === 0,
    );
    if (client === undefined) {
      console.warn('docker compose is not installed here; its file was only read');
      return;
    }
    const [command = '', ...args] = client;
    const options = [...args, '--file', 'docker-compose.yml', '--profile', profile, 'config', '--quiet'];
    const { status, stderr } = spawnSync(command, options, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
