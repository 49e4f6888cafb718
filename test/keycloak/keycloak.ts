/** The Keycloak of this test run, spoken to by plain HTTP: what it answers is what is under test. */

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON of the answer; undefined when it is not JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked at field by field
  readonly body: any;
}

/** `describe`, or `describe.skip` where global-setup has said that Keycloak cannot run here. */
export const describeWithKeycloak = process.env['ARP_TEST_KEYCLOAK_ISSUER'] === undefined ? describe.skip : describe;

/** The issuer of the realm, such as http://127.0.0.1:41234/realms/arp-dev. */
export const issuer = (): string => process.env['ARP_TEST_KEYCLOAK_ISSUER'] ?? '';

export const endpoint = (name: 'auth' | 'auth/device' | 'token' | 'logout'): string =>
  `${issuer()}/protocol/openid-connect/${name}`;

/** Posts a form and follows no redirect. */
export async function postForm(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' });
  return answer(response);
}

export async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : undefined };
}

/** The header of a confidential client of the realm, whose secret is its name and `-secret`. */
export function clientLogin(clientId: string, secret = `${clientId}-secret`): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` };
}

export function clientCredentials(clientId: string, more: Record<string, string> = {}): Promise<Answer> {
  return postForm(endpoint('token'), { grant_type: 'client_credentials', ...more }, clientLogin(clientId));
}

/** RFC 8693, with the credentials of a confidential client. */
export function exchange(
  clientId: string,
  subjectToken: string,
  more: Record<string, string> = {},
  headers = clientLogin(clientId),
): Promise<Answer> {
  return postForm(endpoint('token'), { ...exchangeOf(subjectToken), ...more }, headers);
}

export function exchangeOf(subjectToken: string): Record<string, string> {
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  };
}

/** What a token says; its signature is not checked. */
export function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.');
  const parsed = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  return { header: parsed(header), claims: parsed(claims) };
}

/** `aud` as a sorted list, whichever of its three forms it has. */
export function audiences(token: string): string[] {
  const { aud } = decode(token).claims;
  return aud === undefined ? [] : [aud].flat().map(String).sort();
}
