import { startIdentityProvider } from '#testing';
import type { Realm } from './secured-suite.js';
import { securedAsProcesses, securedInOneProcess } from './secured-suite.js';
import { itIsSecured } from './secured-suite-scenario.js';

/** The realm arp-dev, as an identity provider in this process plays it. */
async function playedRealm(): Promise<Realm & { close(): Promise<void> }> {
  const provider = await startIdentityProvider();
  return {
    issuer: provider.issuer,
    userToken: (user) => provider.userToken(user),
    subject: async (user) => provider.subject(user),
    secretOf: (client) => `${client}-secret`,
    close: () => provider.close(),
  };
}

describe.each([
  ['in one process', securedInOneProcess],
  ['as three processes', securedAsProcesses],
])('the suite behind an identity provider, %s', (_, start) => {
  itIsSecured(playedRealm, start);
});
