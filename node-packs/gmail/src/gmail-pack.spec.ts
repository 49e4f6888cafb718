import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { manifestOf } from '@arp-jarvis/node-pack-sdk';
import type { HttpRequest, JsonObject, Node } from '@arp-jarvis/node-pack-sdk';
import { createGuardedHttp, openIsolated, schemasOf } from '@arp-jarvis/node-pack-sdk/runtime';
import { createTestContext, testNodePack } from '@arp-jarvis/node-pack-sdk/testing';
import pack from './index.js';
import { rawMessage } from './message.js';
import { mockUpstream } from './mock-upstream.js';
import { profileNode } from './profile.js';
import { sendNode } from './send.js';

const TOKEN = 'ya29.0123456789abcdef';
const MAIL = { to: 'ann@example.com', subject: 'Hello', body: 'Hello Ann' };

/** Runs a node; of what it sent, the messages are decoded. */
async function run(node: Node, inputs: JsonObject, secret = TOKEN, upstream = mockUpstream) {
  const messages: string[] = [];
  const { ctx, recorded } = createTestContext({
    credentials: { gmail_send: secret },
    http: (url, request) => {
      if (url.pathname.endsWith('/messages/send')) messages.push(messageIn(request));
      const { method = 'GET', headers = {}, body } = request;
      return upstream(
        new Request(url, {
          method,
          headers: Object.entries(headers) as [string, string][],
          ...(body === undefined ? {} : { body: String(body) }),
        }),
      );
    },
  });
  return { outputs: await node.run(inputs, ctx), recorded, messages };
}

function messageIn({ body }: HttpRequest): string {
  const { raw } = JSON.parse(String(body)) as { raw: string };
  expect(raw).toMatch(/^[\w-]+$/);
  return Buffer.from(raw, 'base64url').toString('utf8');
}

async function raw(change: Partial<Parameters<typeof rawMessage>[0]>): Promise<string> {
  const mail = { to: ['a@example.com'], cc: [], bcc: [], subject: 'S', text: 'T' };
  return Buffer.from(await rawMessage({ ...mail, ...change })).toString('utf8');
}

/** The head of a message, its folded lines joined. */
function headOf(message: string): string[] {
  return (message.split('\r\n\r\n')[0] ?? '').replace(/\r\n[ \t]+/g, ' ').split('\r\n');
}

describe('the pack', () => {
  it('keeps what it promises, and its manifest is what its code says', async () => {
    await testNodePack(pack);
    const file = new URL('../jarvis.nodepack.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(manifestOf(pack))));
  });

  it('says that a mail cannot be taken back', () => {
    expect(sendNode).toMatchObject({ sideEffect: 'irreversible', idempotent: false });
    expect(profileNode.sideEffect).toBe('read');
  });

  it('sends from a process of its own, which may read nothing but its packages', async () => {
    const host = await openIsolated({
      packId: pack.id,
      folder: fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, ''),
      entryFile: fileURLToPath(new URL('../dist/index.js', import.meta.url)),
      schemas: schemasOf(manifestOf(pack).nodes),
      memoryMb: 256,
      maxProcesses: 1,
      graceMs: 300,
      startTimeoutMs: 30_000,
      maxOutputBytes: 100_000,
      grants: { filesRead: [], filesWrite: [], childProcess: false, workerThreads: false, nativeAddons: false },
      upstream: 'mock',
      log: () => undefined,
    });
    const end = await host.run({
      inputs: MAIL,
      signal: new AbortController().signal,
      facts: {
        runId: 'r',
        nodeRunId: 'n',
        nodeTypeId: sendNode.id,
        nodeTypeVersion: pack.version,
        deadline: Date.now() + 60_000,
        egress: { declared: sendNode.egress ?? [], block: [], allowPrivate: [] },
        credentials: sendNode.credentials ?? [],
      },
      ports: {
        log: () => undefined,
        progress: () => undefined,
        putArtifact: () => Promise.reject(new Error('none')),
        getArtifact: async () => undefined,
        getCredential: async () => undefined,
      },
    });
    await host.close();
    expect(end).toMatchObject({ state: 'succeeded', outputs: { label_ids: ['SENT'] } });
  });
});

describe('the inputs of jarvis.gmail_send.send', () => {
  const fits = new Ajv2020({ allowUnionTypes: true, strictRequired: false }).compile(sendNode.input);

  it.each<[object, boolean]>([
    [{}, true],
    [{ to: ['a@example.com', 'b@example.com'], cc: 'c@example.com', bcc: ['d@example.com'] }, true],
    [{ body: undefined, text: 'x' }, true],
    [{ text: 'x' }, false],
    [{ body: undefined }, false],
    [{ to: [] }, false],
    [{ subject: '' }, false],
    [{ subject: 'x'.repeat(201) }, false],
    [{ intent: 'greet' }, false],
    [{ subject: 'Hi\r\nBcc: evil@example.com' }, false],
    [{ subject: 'Hi\nBcc: evil@example.com' }, false],
    [{ subject: 'Hi\rBcc: evil@example.com' }, false],
    [{ subject: 'Hi\u0000' }, false],
    [{ to: 'a@example.com\r\nBcc: evil@example.com' }, false],
    [{ to: ['a@example.com\nBcc: evil@example.com'] }, false],
    [{ from: 'a@example.com\r\nX: y' }, false],
    [{ cc: 'a@example.com\r\nX: y' }, false],
    [{ bcc: ['a@example.com\r\nX: y'] }, false],
  ])('%j fit: %s', (change, takes) => {
    expect(fits(JSON.parse(JSON.stringify({ ...MAIL, ...change })))).toBe(takes);
  });
});

describe('a message', () => {
  it('has its fields, Bcc too, and both texts', async () => {
    const message = await raw({
      from: 'Me <me@example.com>',
      to: ['Ann <ann@example.com>, bob@example.com'],
      cc: ['cy@example.com'],
      bcc: ['dan@example.com'],
      subject: 'Grüße',
      text: 'Straße',
      html: '<p>Straße</p>',
    });
    const head = headOf(message);
    expect(head).toEqual(
      expect.arrayContaining([
        'From: Me <me@example.com>',
        'To: Ann <ann@example.com>, bob@example.com',
        'Cc: cy@example.com',
        'Bcc: dan@example.com',
        'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=',
        'MIME-Version: 1.0',
      ]),
    );
    expect(head.join('\n')).toMatch(/Content-Type: multipart\/alternative/);
    expect(message).toContain('Stra=C3=9Fe');
  });

  it('has no field that was smuggled in, even where nobody has checked', async () => {
    for (const smuggled of [
      await raw({ subject: 'Hi\r\nBcc: evil@example.com' }),
      await raw({ to: ['"x\r\nBcc: evil@example.com" <a@example.com>'] }),
      await raw({ from: '"x\r\nBcc: evil@example.com" <a@example.com>' }),
    ]) {
      expect(headOf(smuggled).filter((field) => /^bcc/i.test(field))).toEqual([]);
    }
  });

  it('reads no file and no URL', async () => {
    expect(await raw({ text: 'file:///etc/passwd', html: '<img src="https://example.com/x.png">' })).toContain(
      'file:///etc/passwd',
    );
  });

  it.each([
    [['nobody']],
    [['"a@example.com b"@internal.example']],
    [['a@example.com, @example.com']],
    [["a@example.com'.internal.example"]],
    // Each is in order, both together are not.
    [['"a@example.com', '.<a@example.com>internal.example']],
    [[' ']],
    [Array.from({ length: 101 }, (_, index) => `a${index}@example.com`)],
  ])('is not made for %j, which are quoted nowhere', async (to) => {
    const refused = raw({ to });
    await expect(refused).rejects.toMatchObject({ code: 'recipient_invalid' });
    await expect(refused).rejects.not.toThrow(/nobody|internal/);
  });
});

describe('jarvis.gmail_send.send', () => {
  it('hands the message over with the access token, and logs nothing of it', async () => {
    const { outputs, recorded, messages } = await run(sendNode, {
      ...MAIL,
      to: ['ann@example.com', 'bob@example.com'],
    });
    expect(outputs).toEqual({ id: expect.stringMatching(/^mock-/), thread_id: outputs['id'], label_ids: ['SENT'] });
    expect(recorded.httpCalls.map(({ url }) => url.href)).toEqual([
      'https://gmail.googleapis.com/gmail/v1/users/me/messages/send',
    ]);
    expect(headOf(messages[0] ?? '')).toContain('To: ann@example.com, bob@example.com');
    expect(messages[0]).toMatch(/\r\n\r\nHello Ann\s*$/);
    expect(recorded.logs).toEqual([]);
    expect((await run(sendNode, { to: 'ann@example.com', subject: 'Hello', text: 'other' })).outputs).toEqual(
      (await run(sendNode, MAIL)).outputs,
    );
  });

  it('gets an access token for a refresh token first', async () => {
    const secret = JSON.stringify({ client_id: 'c', client_secret: 's', refresh_token: '1//r' });
    const { recorded } = await run(sendNode, MAIL, secret);
    const [exchange, send] = recorded.httpCalls;
    expect(exchange?.url.href).toBe('https://oauth2.googleapis.com/token');
    expect(Object.fromEntries(new URLSearchParams(String(exchange?.request.body)))).toEqual({
      client_id: 'c',
      client_secret: 's',
      refresh_token: '1//r',
      grant_type: 'refresh_token',
    });
    expect(send?.request.headers).toMatchObject({ authorization: 'Bearer mock-access-token' });
  });

  it.each([
    ['{"client_id":"c"}', 'credential_malformed'],
    ['{broken', 'credential_malformed'],
    ['{"client_id":"c","client_secret":"s","refresh_token":"invalid"}', 'credential_refused'],
    ['invalid', 'credential_refused'],
  ])('says what is wrong with the credential %s, and sends nothing', async (secret, code) => {
    const refused = run(sendNode, MAIL, secret);
    await expect(refused).rejects.toMatchObject({ code, retryable: false });
    await expect(refused).rejects.toThrow(/gmail_send|Gmail does not accept/);
  });

  it.each([
    ['mock-429', { code: 'rate_limited', retryable: true, details: { status: 429, retry_after: 10 } }],
    ['mock-ratelimit', { code: 'rate_limited', retryable: true }],
    ['mock-400', { code: 'upstream_refused', retryable: false }],
    ['mock-403', { code: 'upstream_refused', retryable: false }],
    ['mock-500', { code: 'outcome_unknown', retryable: false }],
    ['mock-503', { code: 'outcome_unknown', retryable: false }],
    ['mock-broken', { code: 'outcome_unknown', retryable: false }],
  ])('to %s fails, and names nobody', async (name, error) => {
    const http = createGuardedHttp(
      { declared: sendNode.egress ?? [], block: [], allowPrivate: [] },
      { signal: new AbortController().signal, onCall: () => undefined, mockUpstream },
    );
    const { ctx } = createTestContext({ credentials: { gmail_send: TOKEN } });
    const failed = Promise.resolve(sendNode.run({ ...MAIL, to: `${name}@example.com` }, { ...ctx, http }));
    await expect(failed).rejects.toMatchObject(error);
    await expect(failed).rejects.not.toThrow(new RegExp(name));
    await http.close();
  });

  it('may be repeated when Gmail was not reached at all', async () => {
    // Nothing listens at port 443 of this address.
    const http = createGuardedHttp(
      { declared: sendNode.egress ?? [], block: [], allowPrivate: ['127.99.99.99'] },
      {
        signal: new AbortController().signal,
        onCall: () => undefined,
        resolve: async () => [{ address: '127.99.99.99', family: 4 }],
      },
    );
    const { ctx } = createTestContext({ credentials: { gmail_send: TOKEN } });
    await expect(sendNode.run(MAIL, { ...ctx, http })).rejects.toMatchObject({
      code: 'http_unreachable',
      retryable: true,
      details: { sent: false },
    });
    await http.close();
  });

  it('is not known to have been sent without the id of the message', async () => {
    for (const answer of [
      () => new Response('{}'),
      () => new Response('ok'),
      () => new Response(null, { status: 204 }),
    ]) {
      await expect(run(sendNode, MAIL, TOKEN, async () => answer())).rejects.toMatchObject({ code: 'outcome_unknown' });
    }
  });
});

describe('jarvis.gmail_send.profile', () => {
  it('tells whose mailbox it is', async () => {
    expect((await run(profileNode, {})).outputs).toEqual({
      email_address: 'sender@example.com',
      messages_total: 42,
      threads_total: 21,
    });
    await expect(run(profileNode, {}, 'invalid')).rejects.toMatchObject({ code: 'credential_refused' });
    await expect(run(profileNode, {}, TOKEN, async () => Response.json({}))).rejects.toMatchObject({
      code: 'upstream_error',
    });
  });
});

describe('the mock upstream', () => {
  it.each([
    ['GET', '/gmail/v1/users/me/profile', undefined, 401],
    ['GET', '/gmail/v1/users/me/labels', 'Bearer t', 404],
    ['POST', '/gmail/v1/users/me/messages/send', 'Bearer t', 400],
  ])('answers %s %s with the authorization %s by %s', async (method, path, authorization, status) => {
    const init = { method, headers: new Headers(authorization === undefined ? {} : { authorization }) };
    const body = method === 'POST' ? { body: '{"raw":"!"}' } : {};
    const answer = await mockUpstream(new Request(`https://gmail.googleapis.com${path}`, { ...init, ...body }));
    expect(answer.status).toBe(status);
  });
});
