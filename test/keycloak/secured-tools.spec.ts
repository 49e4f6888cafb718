import { decodeJwt } from 'jose';
import { COURIER } from '../tool-gateway/courier-pack.js';
import { startSecuredTools } from '../tool-gateway/secured-tools.js';
import type { ToolRealm } from '../tool-gateway/secured-tools.js';
import { describeWithKeycloak, issuer } from './keycloak.js';
import { signIn } from './sign-in.js';

async function realRealm(): Promise<ToolRealm> {
  const signedIn = async (user: string, scope = 'openid') => (await signIn({ user, scope })).access_token;
  return {
    issuer: issuer(),
    userToken: signedIn,
    toolToken: (user) => signedIn(user, 'openid aud-arp-tool-gateway'),
    subject: async (user) => decodeJwt(await signedIn(user)).sub ?? '',
    secretOf: (client) => `${client}-secret`,
    close: async () => undefined,
  };
}

describeWithKeycloak('the tool gateway behind a real Keycloak', () => {
  it('has the executor execute and the coordinator run jobs, and gives the executor credentials', async () => {
    const suite = await startSecuredTools('live', realRealm);
    try {
      await suite.manage('terry', 'POST', '/api/admin/creds/rotate', { tool: COURIER, credential: 'secret of acme' });
      const agent = await suite.agent('terry', [`${COURIER}:call`]);
      await agent.proxy(COURIER, 'call', { url: `${suite.upstream.url}/called` });
      const { jobId } = await agent.proxyAsync(COURIER, 'call', { url: `${suite.upstream.url}/job` });
      expect(await agent.waitForJob(jobId, { pollMs: 100, timeoutMs: 60_000 })).toMatchObject({ status: 'done' });
      expect([...suite.upstream.sent]).toEqual([
        ['/called', 'Key secret of acme'],
        ['/job', 'Key secret of acme'],
      ]);
      await expect(suite.manage('alice', 'GET', '/api/agents')).rejects.toThrow('403');
    } finally {
      await suite.stop();
    }
  });
});
