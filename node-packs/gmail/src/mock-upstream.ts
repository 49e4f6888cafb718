import { createHash } from 'node:crypto';

/**
 * Google's token service and Gmail, imitated. Any refresh token but `invalid` gets an access token; any access token but `invalid` is
 * taken. The id of a message follows from its recipients and subject. Special recipients:
 * - `mock-<status>@…` from 400 to 599: that status; with 429, Retry-After: 10
 * - `mock-ratelimit@…`: 403 with the reason rateLimitExceeded
 * - `mock-broken@…`: the connection breaks after the request
 * - `mock-never@…`: no answer
 */
export async function mockUpstream(request: Request): Promise<Response> {
  const { host, pathname } = new URL(request.url);
  if (host === 'oauth2.googleapis.com' && pathname === '/token') return grant(request);
  const token = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
  if (token === undefined || token === 'invalid') return refusal(401, 'UNAUTHENTICATED', 'authError');
  const route = `${request.method} ${pathname}`;
  if (route === 'GET /gmail/v1/users/me/profile') {
    return Response.json({ emailAddress: 'sender@example.com', messagesTotal: 42, threadsTotal: 21, historyId: '1' });
  }
  if (route === 'POST /gmail/v1/users/me/messages/send') return send(request);
  return refusal(404, 'NOT_FOUND', 'notFound');
}

async function grant(request: Request): Promise<Response> {
  const form = new URLSearchParams(await request.text());
  const token = form.get('refresh_token') ?? '';
  if (form.get('grant_type') !== 'refresh_token' || token === '') {
    return Response.json({ error: 'invalid_request' }, { status: 400 });
  }
  if (token === 'invalid') return Response.json({ error: 'invalid_grant' }, { status: 400 });
  return Response.json({ access_token: 'mock-access-token', expires_in: 3599, token_type: 'Bearer' });
}

async function send(request: Request): Promise<Response> {
  const { raw } = (await request.json()) as { raw?: unknown };
  if (typeof raw !== 'string' || !/^[\w-]+$/.test(raw)) return refusal(400, 'INVALID_ARGUMENT', 'invalidArgument');
  const [head = ''] = Buffer.from(raw, 'base64url').toString('utf8').split('\r\n\r\n');
  const fields = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const recipients = fields.filter((field) => /^(?:to|cc|bcc):/i.test(field));
  if (recipients.length === 0) return refusal(400, 'INVALID_ARGUMENT', 'invalidArgument');
  const special = /\bmock-(\w+)@/.exec(recipients.join())?.[1] ?? '';
  if (special === 'broken') throw new TypeError('the connection was reset');
  if (special === 'never') return new Promise<never>(() => undefined);
  if (special === 'ratelimit') return refusal(403, 'PERMISSION_DENIED', 'rateLimitExceeded');
  const status = Number(special);
  if (status >= 400 && status <= 599) return refusal(status, 'FAILED', 'mock');
  const subject = fields.find((field) => /^subject:/i.test(field)) ?? '';
  const hash = createHash('sha256')
    .update([...recipients, subject].join('\n'))
    .digest('hex');
  const id = `mock-${hash.slice(0, 16)}`;
  return Response.json({ id, threadId: id, labelIds: ['SENT'] });
}

function refusal(code: number, status: string, reason: string): Response {
  const message = `The mock upstream answers ${code}.`;
  const headers: Record<string, string> = code === 429 ? { 'retry-after': '10' } : {};
  return Response.json({ error: { code, message, status, errors: [{ message, reason }] } }, { status: code, headers });
}
