import { decodeJwt } from 'jose';
import { securedAsProcesses } from '../auth/secured-suite.js';
import type { Realm } from '../auth/secured-suite.js';
import { itIsSecured } from '../auth/secured-suite-scenario.js';
import { describeWithKeycloak, issuer } from './keycloak.js';
import { signIn } from './sign-in.js';

/** The realm of deploy/keycloak, as a real Keycloak serves it. */
async function realRealm(): Promise<Realm & { close(): Promise<void> }> {
  const tokens = new Map<string, Promise<string>>();
  const userToken = (user: string) => {
    const signedIn = tokens.get(user) ?? signIn({ user }).then(({ access_token }) => access_token);
    tokens.set(user, signedIn);
    return signedIn;
  };
  return {
    issuer: issuer(),
    userToken,
    subject: async (user) => decodeJwt(await userToken(user)).sub ?? '',
    secretOf: (client) => `${client}-secret`,
    close: async () => undefined,
  };
}

describeWithKeycloak('the suite behind a real Keycloak, each service as a process', () => {
  itIsSecured(realRealm, securedAsProcesses);
});
