import { defineNode, RetryableError, TerminalError } from '@arp-jarvis/node-pack-sdk';
import type { Node, NodeContext } from '@arp-jarvis/node-pack-sdk';

const INPUT = {
  type: 'object',
  properties: {
    url: { type: 'string', format: 'uri' },
    key: { type: 'string', minLength: 1 },
    note: { type: 'string' },
  },
  required: ['url', 'key'],
  additionalProperties: false,
} as const;
const OUTPUT = { type: 'object', additionalProperties: true } as const;

/** Nodes that ask a CountingUpstream, as the tool `test.up`: read; put, which may be repeated; send, which must not. */
export function upstreamNodes(): Record<string, Node> {
  const node = (name: string, sideEffect: 'read' | 'write', idempotent: boolean): Node =>
    defineNode({
      id: `test.up.${name}`,
      description: 'Asks the upstream.',
      input: INPUT,
      output: OUTPUT,
      sideEffect,
      idempotent,
      egress: ['*:*'],
      ...(name === 'slow' ? { timeoutMs: 200 } : {}),
      run: ({ url, key }, ctx) => ask(ctx, `${url}/?key=${encodeURIComponent(key)}`, sideEffect),
    });
  const nodes = [
    node('read', 'read', true),
    node('put', 'write', true),
    node('send', 'write', false),
    node('slow', 'read', true),
    defineNode({
      id: 'test.other.read',
      description: 'Another tool with the same upstream.',
      input: INPUT,
      output: OUTPUT,
      egress: ['*:*'],
      run: ({ url, key }, ctx) => ask(ctx, `${url}/?key=${encodeURIComponent(key)}`, 'read'),
    }),
    defineNode({
      id: 'test.fails.with',
      description: 'Fails as it is told.',
      input: {
        type: 'object',
        properties: { code: { type: 'string' }, retryable: { type: 'boolean' }, status: { type: 'integer' } },
        required: ['code'],
      } as const,
      output: OUTPUT,
      sideEffect: 'write',
      idempotent: false,
      run: ({ code, retryable, status }) => {
        const secret = 'upstream body with s3cret';
        const details = { ...(status === undefined ? {} : { status }), body: secret };
        const ErrorClass = retryable === true ? RetryableError : TerminalError;
        return Promise.reject(new ErrorClass(secret, { code, details }));
      },
    }),
    defineNode({
      id: 'test.fails.idempotently',
      description: 'Fails as it is told, and could be repeated.',
      input: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] } as const,
      output: OUTPUT,
      run: ({ code }) => Promise.reject(new TerminalError('no', { code })),
    }),
  ];
  return Object.fromEntries(nodes.map((one) => [one.id, one]));
}

/** As packs translate what an upstream says. */
async function ask(ctx: NodeContext, url: string, sideEffect: string): Promise<Record<string, unknown>> {
  const response = await ctx.http.fetch(url, { method: sideEffect === 'read' ? 'GET' : 'POST' });
  const { status } = response;
  const wait = Number(response.headers.get('retry-after') ?? NaN);
  const details = { status, ...(Number.isFinite(wait) ? { retry_after: wait } : {}) };
  if (status === 429 || status >= 500) throw new RetryableError('busy', { code: 'upstream_busy', details });
  if (status === 401 || status === 403) throw new TerminalError('refused', { code: 'credential_refused', details });
  if (status >= 400) throw new TerminalError('bad request', { code: 'bad_request', details });
  return (await response.json()) as Record<string, unknown>;
}
