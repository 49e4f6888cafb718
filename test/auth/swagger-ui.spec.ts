import { runInNewContext } from 'node:vm';
import { CleanUp } from '../e2e/coordinators.js';
import { call } from '../e2e/http.js';
import { startGuarded } from './guarded-service.js';

const ISSUER = 'https://login.example.com/realms/arp';

describe('Swagger UI', () => {
  const cleanUp = new CleanUp();
  afterEach(() => cleanUp.run());
  const start = async (env: Record<string, string>) =>
    cleanUp.add(await startGuarded({ ARP_AUTH_ISSUER: ISSUER, LOG_LEVEL: 'silent', ...env }), (one) => one.stop());

  /** The page's script, run with a browser at this address: what Swagger UI is given. */
  async function givenTo(url: string, at: string): Promise<{ options: Record<string, unknown>; initOAuth: unknown }> {
    const script = await (await fetch(`${url}/docs/swagger-ui-init.js`)).text();
    const given: { options: Record<string, unknown>; initOAuth: unknown } = { options: {}, initOAuth: undefined };
    const SwaggerUIBundle = Object.assign(
      (options: Record<string, unknown>) => {
        given.options = options;
        return { initOAuth: (value: unknown) => (given.initOAuth = value) };
      },
      { presets: {}, plugins: {} },
    );
    const window: { location: URL; onload?: () => void } = { location: new URL(at) };
    runInNewContext(`${script}; window.onload()`, { window, SwaggerUIBundle, SwaggerUIStandalonePreset: {} });
    return given;
  }

  it('logs in with authorization code and PKCE, and returns to a page that is there', async () => {
    const { url } = await start({ ARP_AUTH_SWAGGER_CLIENT_ID: 'my-cli' });
    for (const at of [`${url}/docs`, `${url}/docs/`]) {
      const { options, initOAuth } = await givenTo(url, at);
      expect(options['oauth2RedirectUrl']).toBe(`${url}/docs/oauth2-redirect.html`);
      expect(initOAuth).toEqual({ clientId: 'my-cli', scopes: ['openid'], usePkceWithAuthorizationCodeGrant: true });
    }
    expect((await givenTo(url, 'https://arp.example.com/gateway/docs')).options['oauth2RedirectUrl']).toBe(
      'https://arp.example.com/gateway/docs/oauth2-redirect.html',
    );
    const redirect = await fetch(`${url}/docs/oauth2-redirect.html`);
    expect(redirect.status).toBe(200);
    expect(await redirect.text()).toContain('src="oauth2-redirect.js"');
    expect(await (await fetch(`${url}/docs/oauth2-redirect.js`)).text()).toContain('swaggerUIRedirectOauth2');
  });

  it('knows where the issuer is as browsers reach it, wherever the service itself asks', async () => {
    const { url } = await start({ ARP_AUTH_OIDC_DISCOVERY_URL: 'http://keycloak:8080/inside' });
    expect((await call('GET', `${url}/openapi.json`)).body).toMatchObject({
      security: [{ ArpBearerJWT: [] }, { ArpOpenIdConnect: [] }],
      components: {
        securitySchemes: {
          ArpBearerJWT: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          ArpOpenIdConnect: { type: 'openIdConnect', openIdConnectUrl: `${ISSUER}/.well-known/openid-configuration` },
        },
      },
      paths: { '/v1/health': { get: { security: [] } } },
    });
  });

  it('does not log in where nobody needs to', async () => {
    const { url } = await start({ ARP_AUTH_PROFILE: 'dev-insecure' });
    const { options, initOAuth } = await givenTo(url, `${url}/docs`);
    expect(options).not.toHaveProperty('oauth2RedirectUrl');
    expect(initOAuth).toBeUndefined();
    expect(await (await fetch(`${url}/openapi.json`)).text()).not.toContain('OpenIdConnect');
  });
});
