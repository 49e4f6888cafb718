import { RetryableError, TerminalError, upstreamFailure } from '@arp-jarvis/node-pack-sdk';
import type { NodeContext } from '@arp-jarvis/node-pack-sdk';
import { jsonOf } from './gmail.js';

const TOKEN_URL = 'https://oauth2.googleapis.com/token';
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 65_536;
const FIELDS = ['client_id', 'client_secret', 'refresh_token'] as const;

type Client = Readonly<Record<(typeof FIELDS)[number], string>>;

/**
 * The access token for calls of Gmail: the credential `gmail_send` itself, or what Google gives for it when it is JSON with `client_id`,
 * `client_secret` and `refresh_token`.
 *
 * @throws TerminalError credential_malformed, credential_refused
 * @throws RetryableError rate_limited, upstream_error
 */
export async function accessToken({ http, credentials }: Pick<NodeContext, 'http' | 'credentials'>): Promise<string> {
  const secret = (await credentials.get('gmail_send')).trim();
  if (!secret.startsWith('{')) return secret;
  const client = clientOf(secret);
  const response = await http.fetch(TOKEN_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ ...client, grant_type: 'refresh_token' }).toString(),
    redirect: 'error',
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  });
  const answer = jsonOf(await response.text());
  if (response.status === 400 || response.status === 401) {
    const said =
      typeof answer['error'] === 'string' && /^\w{1,64}$/.test(answer['error']) ? ` (${answer['error']})` : '';
    throw new TerminalError(`Google gives no access token for the credential gmail_send${said}.`, {
      code: 'credential_refused',
      details: { status: response.status },
    });
  }
  if (!response.ok) throw upstreamFailure("Google's token service", response);
  const { access_token: token } = answer;
  if (typeof token !== 'string' || token === '') {
    throw new RetryableError("Google's token service gave no access token.", { code: 'upstream_error' });
  }
  return token;
}

function clientOf(secret: string): Client {
  const given = jsonOf(secret);
  if (FIELDS.every((field) => typeof given[field] === 'string' && given[field] !== '')) {
    return Object.fromEntries(FIELDS.map((field) => [field, given[field]])) as Client;
  }
  throw new TerminalError(
    `The credential gmail_send is neither an access token nor JSON with ${FIELDS.join(', ')}; store it again.`,
    { code: 'credential_malformed' },
  );
}
