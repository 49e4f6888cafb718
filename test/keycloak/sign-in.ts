/** A person at the login page of Keycloak, played by `fetch`: the realm has no client that takes a password for a token. */
import { createHash, randomBytes } from 'node:crypto';
import { endpoint, issuer, postForm } from './keycloak.js';
import type { Answer } from './keycloak.js';

export interface SignIn {
  /** Also the password, as in the realm. */
  readonly user: string;
  /** Default: `openid`. */
  readonly scope?: string;
  /** Default: `arp-dev-cli`. */
  readonly clientId?: string;
}

export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly refresh_expires_in: number;
}

/** Any port will do: nobody listens, the code is read from the redirect. */
export const REDIRECT = 'http://127.0.0.1:49152/callback';

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** The tokens that a user gets by an authorization code with PKCE. Throws when the login fails. */
export async function signIn({ user, scope = 'openid', clientId = 'arp-dev-cli' }: SignIn): Promise<Tokens> {
  const { verifier, challenge } = pkce();
  const page = await authorize({
    client_id: clientId,
    scope,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  const back = await submitLogin(page, user, user);
  const code = new URL(back.headers.get('location') ?? 'none:').searchParams.get('code');
  if (code === null) throw new Error(`${user} could not sign in: ${back.status} ${back.headers.get('location') ?? ''}`);
  const form = { grant_type: 'authorization_code', client_id: clientId, code, redirect_uri: REDIRECT };
  const { status, body } = await postForm(endpoint('token'), { ...form, code_verifier: verifier });
  if (status !== 200) throw new Error(`${user} got no token: ${status} ${JSON.stringify(body)}`);
  return body as Tokens;
}

/** Opens the login page, or gets what Keycloak answers instead. */
export function authorize(query: Record<string, string>): Promise<Response> {
  const whole = {
    response_type: 'code',
    client_id: 'arp-dev-cli',
    redirect_uri: REDIRECT,
    scope: 'openid',
    state: 's',
  };
  return fetch(`${endpoint('auth')}?${new URLSearchParams({ ...whole, ...query }).toString()}`, { redirect: 'manual' });
}

/** Fills in the form of a login page. The answer is a redirect, or the page again. */
export async function submitLogin(page: Response, username: string, password: string): Promise<Answer> {
  return postForm(formAction(await page.text()), { username, password }, { cookie: cookies([page]) });
}

/** Where the form of a page goes to. */
export function formAction(html: string): string {
  const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&');
  if (action === undefined) throw new Error(`No form on this page: ${html.slice(0, 2_000)}`);
  return new URL(action, issuer()).href;
}

/** What a browser would send back after these answers. */
export function cookies(answers: readonly { headers: Headers }[]): string {
  const jar = new Map<string, string>();
  for (const { headers } of answers) {
    for (const cookie of headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';')[0]?.split(/=(.*)/s) ?? [];
      jar.set(name, value);
    }
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}
