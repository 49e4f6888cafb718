import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import { authSettings, outboundTokens } from '#auth';
import { RunCoordinatorClient, wasNotSent } from '#clients';
import { readSettings } from '#config';
import type { RequestContext } from '#contract';
import { listen } from '#http';
import { startIdentityProvider } from '#testing';
import type { IdentityProvider } from '#testing';
import { createGateway } from '../../apps/gateway/src/gateway.app.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { until } from '../chaos/settling.js';
import { call, refusal } from '../e2e/http.js';

const USERS = ['alice', 'bob', 'carol', 'dave', 'olivia'] as const;

/** A coordinator that knows every run, and remembers with whose token it was asked for which. */
class FakeCoordinator {
  readonly asked: { readonly runId: string; readonly token: string | undefined }[] = [];
  /** How many of the next requests it answers with 401. */
  refusals = 0;
  url = '';
  private readonly server = createServer((request, response) => {
    const runId = decodeURIComponent(/^\/v1\/runs\/([^/]+)/.exec(request.url ?? '')?.[1] ?? '');
    this.asked.push({ runId, token: request.headers.authorization?.replace('Bearer ', '') });
    const isRefused = this.refusals > 0;
    if (isRefused) this.refusals -= 1;
    const body = isRefused
      ? { error: { code: 'unauthorized', message: 'Invalid token' } }
      : { run_id: runId, state: 'running', root_node_run_id: 'n' };
    response.writeHead(isRefused ? 401 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  async start(): Promise<void> {
    await new Promise<void>((settle) => this.server.listen(0, '127.0.0.1', settle));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((settle) => this.server.close(settle));
  }
}

describe('the gateway towards the coordinator', () => {
  let provider: IdentityProvider;
  let coordinator: FakeCoordinator;
  let client: RunCoordinatorClient;
  beforeAll(async () => {
    provider = await startIdentityProvider();
    coordinator = new FakeCoordinator();
    await coordinator.start();
  });
  afterAll(async () => {
    await coordinator.stop();
    await provider.close();
  });
  beforeEach(() => {
    coordinator.asked.length = 0;
    client = freshClient();
  });
  afterEach(async () => {
    await client.close();
    await provider.up();
    provider.lifetimeSecs = 300;
    provider.requests.length = 0;
    coordinator.refusals = 0;
  });

  const identity = () => ({
    ARP_AUTH_ISSUER: provider.issuer,
    ARP_AUTH_CLIENT_ID: 'arp-run-gateway',
    ARP_AUTH_CLIENT_SECRET: 'arp-run-gateway-secret',
  });
  /** As the gateway makes it, with nothing kept yet. */
  const freshClient = () =>
    new RunCoordinatorClient({
      baseUrl: coordinator.url,
      timeoutMs: 5_000,
      tokens: outboundTokens(readSettings(authSettings, identity())).onBehalfOfCaller({
        audience: 'arp-run-coordinator',
        bearerToken: undefined,
      }),
    });
  const contextOf = (user: string, token: string, signal = new AbortController().signal): RequestContext => ({
    principal: { subject: provider.subject(user), issuer: provider.issuer, token },
    trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '00' },
    requestId: 'r',
    signal,
  });
  const as = async (user: string) => contextOf(user, await provider.userToken(user));

  it('speaks for each caller with a token of his own, however many call at once', async () => {
    const tokens = new Map<string, string>();
    for (const user of USERS) tokens.set(user, await provider.userToken(user));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...USERS), { minLength: 1, maxLength: 60 }), async (callers) => {
        const fresh = freshClient();
        coordinator.asked.length = provider.requests.length = 0;
        try {
          await Promise.all(
            callers.map((user, index) => fresh.getRun(contextOf(user, tokens.get(user) ?? ''), `${user}.${index}`)),
          );
        } finally {
          await fresh.close();
        }
        expect(coordinator.asked.map(({ runId }) => runId).sort()).toEqual(
          callers.map((user, index) => `${user}.${index}`).sort(),
        );
        for (const { runId, token } of coordinator.asked) {
          const user = runId.split('.')[0] ?? '';
          expect(decodeJwt(token ?? '')).toMatchObject({
            sub: provider.subject(user),
            aud: 'arp-run-coordinator',
            azp: 'arp-run-gateway',
          });
        }
        expect(provider.requests).toHaveLength(new Set(callers).size);
      }),
      { numRuns: 15 },
    );
  });

  it('asks for one token when a caller comes a hundred times at once', async () => {
    const alice = await as('alice');
    await Promise.all(Array.from({ length: 100 }, () => client.getRun(alice, 'r')));
    expect(new Set(coordinator.asked.map(({ token }) => token)).size).toBe(1);
    expect(provider.requests).toEqual([
      { grant: 'token_exchange', client: 'arp-run-gateway', audience: 'arp-run-coordinator' },
    ]);
  });

  it('goes on with the tokens that it has while the identity provider is away; for others it sends nothing', async () => {
    const [alice, bob] = [await as('alice'), await as('bob')];
    await client.getRun(alice, 'r');
    await provider.down();
    await client.getRun(alice, 'r');
    const error: unknown = await client.getRun(bob, 'r').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'identity_provider_unavailable', status: 503, retryable: true });
    expect(wasNotSent(error)).toBe(true);
    expect(coordinator.asked).toHaveLength(2);
    await provider.up();
    await client.getRun(bob, 'r');
    expect(decodeJwt(coordinator.asked.at(-1)?.token ?? '').sub).toBe(provider.subject('bob'));
  });

  it('has another token when the one it had is about to expire', async () => {
    const alice = await as('alice');
    provider.lifetimeSecs = 2;
    await client.getRun(alice, 'r');
    const first = coordinator.asked[0]?.token;
    await until('there is another token', async () => {
      await client.getRun(alice, 'r');
      return coordinator.asked.at(-1)?.token !== first;
    });
  });

  it('tries a fresh token once when the coordinator does not accept the one it has', async () => {
    const alice = await as('alice');
    await client.getRun(alice, 'r');
    coordinator.refusals = 1;
    await client.getRun(alice, 'r');
    const [kept, refused, fresh] = coordinator.asked.map(({ token }) => token);
    expect([refused === kept, fresh === kept]).toEqual([true, false]);
    expect(provider.requests).toHaveLength(2);
    coordinator.refusals = 2;
    await expect(client.getRun(alice, 'r')).rejects.toMatchObject({ code: 'run_coordinator_unavailable' });
    expect(coordinator.asked).toHaveLength(5);
  });

  it('does not wait for a token when the caller has left, and has it for the next', async () => {
    const alice = await as('alice');
    const caller = new AbortController();
    provider.fault = { delayMs: 300 };
    const left = client.getRun({ ...alice, signal: caller.signal }, 'left');
    caller.abort(new Error('gone'));
    await expect(left).rejects.toMatchObject({ code: 'run_coordinator_unavailable' });
    await client.getRun(alice, 'stayed');
    provider.fault = undefined;
    expect(coordinator.asked.map(({ runId }) => runId)).toEqual(['stayed']);
    expect(provider.requests).toHaveLength(1);
  });

  describe('as a service', () => {
    async function startGateway(env: Readonly<Record<string, string>>) {
      const settings = readSettings(gatewaySettings, {
        LOG_LEVEL: 'silent',
        ARP_AUTH_MODE: 'disabled',
        ARP_RUN_COORDINATOR_URL: coordinator.url,
        ...identity(),
        ...env,
      });
      const gateway = await createGateway(settings);
      const url = await listen(gateway, { host: '127.0.0.1', port: 0, portSetting: 'ARP_RUN_GATEWAY_PORT' });
      return { url, stop: () => gateway.stop() };
    }

    it('asks for the audience of the setting, and with its own name for a caller without a token', async () => {
      const gateway = await startGateway({ JARVIS_RUN_COORDINATOR_AUDIENCE: 'another-coordinator' });
      try {
        expect((await call('GET', `${gateway.url}/v1/runs/r`)).status).toBe(200);
        expect(provider.requests).toEqual([
          { grant: 'client_credentials', client: 'arp-run-gateway', audience: 'another-coordinator' },
        ]);
        expect(decodeJwt(coordinator.asked[0]?.token ?? '').sub).toBe(
          provider.subject('service-account-arp-run-gateway'),
        );
      } finally {
        await gateway.stop();
      }
    });

    it('answers with 503 or 502 when there is no token, and sends nothing', async () => {
      const [lost, refused] = [await startGateway({}), await startGateway({ ARP_AUTH_CLIENT_SECRET: 'not-it' })];
      try {
        const { message } = refusal(await call('GET', `${refused.url}/v1/runs/r`), 502, 'token_request_failed');
        expect(message).toContain('unauthorized_client');
        await provider.down();
        refusal(await call('GET', `${lost.url}/v1/runs/r`), 503, 'identity_provider_unavailable');
        expect(coordinator.asked).toEqual([]);
      } finally {
        await lost.stop();
        await refused.stop();
      }
    });

    it('does not start with a client that has no secret', async () => {
      await expect(startGateway({ ARP_AUTH_CLIENT_SECRET: '' })).rejects.toThrow('ARP_AUTH_CLIENT_SECRET');
    });
  });
});
