import { freePort, startProcess, untilServing } from '#testing';

const SECURED = { ARP_AUTH_PROFILE: 'dev-secure-keycloak', ARP_RUN_COORDINATOR_URL: 'http://127.0.0.1:1' };
const CLIENT = { ARP_AUTH_CLIENT_ID: 'arp-run-gateway', ARP_AUTH_CLIENT_SECRET: 'a-secret' };
const WARNING = 'it cannot keep tenants apart';

describe('a gateway that authenticates its callers', () => {
  it.each([
    ['says so when it has no token for the coordinator', SECURED, true],
    [
      'says so when it has one token for all',
      { ...SECURED, ...CLIENT, ARP_RUN_COORDINATOR_BEARER_TOKEN: 'for-all' },
      true,
    ],
    ['says nothing when it exchanges their tokens', { ...SECURED, ...CLIENT }, false],
    ['says nothing when it authenticates nobody', { ...SECURED, ARP_AUTH_PROFILE: 'dev-insecure' }, false],
  ])('%s', async (_, env, isSaid) => {
    const port = await freePort();
    const gateway = startProcess(['dist/apps/gateway/src/main.js', '--port', String(port)], env);
    try {
      await untilServing(gateway, `http://127.0.0.1:${port}`);
      expect(gateway.output().includes(WARNING)).toBe(isSaid);
      expect(gateway.output()).not.toContain('for-all');
    } finally {
      await gateway.stop();
    }
  });
});
