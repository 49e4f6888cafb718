import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ToolGatewayClient } from '@arp-jarvis/client';
import { inOneProcess } from '../e2e/suites.js';
import type { SuiteUnderTest } from '../e2e/suites.js';
import { prepareAgent } from './prepared-agent.js';
import type { AgentWishes } from './prepared-agent.js';

const MAIL = { to: 'user@example.com', subject: 'Test', body: 'Hello' };

/** What the original did wrong with its tools, tried on ours, with imitated upstreams. */
describe('weaknesses of the original, at the tools', () => {
  let suite: SuiteUnderTest;
  const clients: ToolGatewayClient[] = [];
  const connect = async (wishes: AgentWishes): Promise<ToolGatewayClient> => {
    const baseUrl = suite.toolGateway ?? '';
    const { id, privateKey } = await prepareAgent(baseUrl, wishes);
    const options = { baseUrl, agentId: id, agentPrivateKey: privateKey, timeoutMs: 60_000, retry: { retries: 0 } };
    clients.push(new ToolGatewayClient(options));
    return clients.at(-1) as ToolGatewayClient;
  };
  beforeAll(async () => {
    suite = await inOneProcess({ UPSTREAM_MODE: 'mock' });
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await suite.stop();
  });

  it('weakness 4: a token for searching sends no mail, and one for reading neither', async () => {
    const client = await connect({ scopes: ['serpapi:search', 'gmail_send:send', 'gmail_send:profile'] });
    const search = await client.getToken({ tools: ['serpapi'], permissions: ['read', 'write'] });
    const read = await client.getToken({ tools: ['gmail_send'], permissions: ['read'] });
    for (const token of [search, read]) {
      await expect(client.proxy('gmail_send', 'send', MAIL, token)).rejects.toMatchObject({
        status: 403,
        code: 'tool_not_permitted',
      });
    }
    await expect(client.proxy('gmail_send', 'profile', {}, read)).resolves.toBeInstanceOf(Object);
  });

  it.each(['get', 'head'])(
    'weakness 11: domain rules hold for http_fetch:%s, and for where a redirect leads',
    async (action) => {
      const client = await connect({
        scopes: [`http_fetch:${action}`],
        spec: { guards: { allowedDomains: ['company.com'], blockedDomains: ['private.company.com'] } },
      });
      const fetching = (url: string) => client.proxy('http_fetch', action, { url });
      for (const url of ['https://company.com/', 'https://www.company.com/', 'https://COMPANY.com./']) {
        await expect(fetching(url)).resolves.toMatchObject({ status: 200 });
      }
      for (const [url, reason] of [
        ['https://notcompany.com/', 'domain_not_allowed'],
        ['https://company.com.evil.example/', 'domain_not_allowed'],
        ['https://private.company.com/', 'domain_blocked'],
        ['http://169.254.169.254/latest/meta-data/', 'domain_not_allowed'],
      ]) {
        await expect(fetching(url ?? '')).rejects.toMatchObject({ status: 403, code: 'tool_policy_denied', reason });
      }
      for (const to of ['https://evil.example/', 'https://private.company.com/']) {
        const redirecting = fetching(`https://company.com/redirect?to=${encodeURIComponent(to)}`);
        await expect(redirecting).rejects.toMatchObject({
          code: 'tool_policy_denied',
          details: { node_error: 'egress_denied' },
        });
      }
    },
  );

  it.each(['http://[', 'not a url', 'https://exa mple.com/', '//example.com', 'http://%zz/', 7])(
    'weakness 15: %j is no URL, and that is the caller’s mistake: 400, before policies and without a 500',
    async (url) => {
      const client = await connect({
        scopes: ['http_fetch:get'],
        spec: {
          guards: { allowedDomains: ['example.com'] },
          quotas: [{ action: 'http_fetch:get', limit: 1, window: '1h' }],
        },
      });
      await expect(client.proxy('http_fetch', 'get', { url })).rejects.toMatchObject({
        status: 400,
        code: 'tool_params_invalid',
      });
      // Nothing of it was charged.
      await expect(client.proxy('http_fetch', 'get', { url: 'https://example.com/' })).resolves.toBeInstanceOf(Object);
    },
  );

  it.each([
    { subject: 'Hello\r\nBcc: everybody@example.com' },
    { subject: 'Hello\nBcc: everybody@example.com' },
    { to: 'user@example.com\r\nBcc: everybody@example.com' },
    { from: 'me@example.com\r\nReply-To: evil@example.com' },
    { cc: ['a@example.com\nBcc: everybody@example.com'] },
  ])('weakness 22: no line break gets into the head of a mail: %j', async (fields) => {
    const client = await connect({ scopes: ['gmail_send:send'] });
    await expect(client.proxy('gmail_send', 'send', { ...MAIL, ...fields })).rejects.toMatchObject({
      status: 400,
      code: 'tool_params_invalid',
    });
  });

  it('weakness 24: no private key, no .env and no database is in the repository', () => {
    const found = ['apps', 'libs', 'node-packs', 'deploy', 'docs', 'examples', 'scripts', 'test'].flatMap(filesBelow);
    expect(found.length).toBeGreaterThan(500);
    expect(found.filter((file) => /(^|\/)\.env(\.local)?$|\.(db|sqlite|pem|key)$/.test(file))).toEqual([]);
    const header = ['-----BEGIN', 'PRIVATE KEY-----'];
    const hasKey = (file: string) =>
      new RegExp(`${header[0]} (RSA |EC )?${header[1]}\\s+[A-Za-z0-9+/]{40}`).test(readFileSync(file, 'utf8'));
    expect(found.filter(hasKey)).toEqual([]);
  });
});

/** Files that are ours: not installed, not built. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (['node_modules', 'dist', '.data'].includes(name)) return [];
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
