import type { DeclaredError, HttpRequest, InferSchema, NodeContext } from '@arp-jarvis/node-pack-sdk';

const MAX_BYTES = 1_048_576;
const TIMEOUT_SECONDS = 30;

const KEY_VALUE = {
  type: 'object',
  properties: { key: { type: 'string', minLength: 1 }, value: { type: 'string' } },
  required: ['key', 'value'],
  additionalProperties: false,
} as const;

/** Inputs that both nodes have. A key that is null counts as absent. */
export const CALL_INPUTS = {
  url: { type: 'string', format: 'uri', description: 'Absolute http or https URL of a public host, port 80 or 443.' },
  headers: {
    type: ['array', 'null'],
    items: KEY_VALUE,
    description: 'Headers to send. Headers of the connection, such as host, are dropped.',
  },
  params: {
    type: ['array', 'null'],
    items: KEY_VALUE,
    description: 'Appended to the query of the URL, in this order; they need no escaping.',
  },
  timeout_seconds: {
    type: ['number', 'null'],
    exclusiveMinimum: 0,
    description: `Until the last byte, redirects included. Default ${TIMEOUT_SECONDS}.`,
  },
  max_bytes: {
    type: ['integer', 'null'],
    minimum: 0,
    maximum: 10 * MAX_BYTES,
    description: `Most bytes of the content, after decompression; more fail with response_too_large. Default ${MAX_BYTES}.`,
  },
  follow_redirects: {
    type: ['boolean', 'null'],
    description: 'Default true, at most 5. When false, the redirect itself is the result.',
  },
} as const;

export const CALL_OUTPUT = {
  type: 'object',
  properties: {
    status_code: { type: 'integer', description: 'Any status is a result, 404 and 500 too.' },
    headers: {
      type: 'array',
      items: KEY_VALUE,
      description:
        'What the server sent: names in lower case, several of one name joined with ", " except set-cookie. content-length and content-encoding speak of the content as it was transferred.',
    },
    content_type: { type: 'string', description: 'The header content-type; absent when the server sent none.' },
    content_base64: { type: 'string', contentEncoding: 'base64', description: 'The content, decompressed.' },
    final_url: { type: 'string', description: 'Where the last redirect led, without fragment.' },
    content_bytes: { type: 'integer', minimum: 0, description: 'Length of the content, decompressed.' },
  },
  required: ['status_code', 'headers', 'content_base64', 'final_url', 'content_bytes'],
  additionalProperties: false,
} as const;

export const CALL_ERRORS: Readonly<Record<string, DeclaredError>> = {
  egress_denied: {
    description: 'The host is not allowed, its address is not public, or a redirect leads from https to http.',
  },
  invalid_url: {
    description: 'The URL, or one that it redirects to, is none, is not http or https, or holds credentials.',
  },
  invalid_request: { description: 'The inputs do not make a request of HTTP, such as a GET with a body.' },
  response_too_large: { description: 'The content is longer than max_bytes.' },
  too_many_redirects: { description: 'More than 5 redirects.' },
  budget_exceeded: { description: 'No external calls are left in the budget of the run.' },
  http_unreachable: { description: 'No connection, or it broke before the answer was complete.', retryable: true },
  http_timeout: { description: 'The answer was not complete in time.', retryable: true },
};

type CallInputs = InferSchema<{
  type: 'object';
  properties: typeof CALL_INPUTS;
  required: ['url'];
  additionalProperties: false;
}>;
type CallOutput = InferSchema<typeof CALL_OUTPUT>;

/** Makes one call and reads its answer. */
export async function call(
  inputs: CallInputs,
  { method, headers = [], body }: Pick<HttpRequest, 'method' | 'body'> & { headers?: [string, string][] },
  { http }: Pick<NodeContext, 'http'>,
): Promise<CallOutput> {
  const given = pairsOf(inputs.headers);
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  const response = await http.fetch(withParams(inputs.url, pairsOf(inputs.params)), {
    ...(method === undefined ? {} : { method }),
    ...(body === undefined ? {} : { body }),
    headers: [...headers.filter(([name]) => !names.has(name)), ...given],
    redirect: inputs.follow_redirects === false ? 'manual' : 'follow',
    maxBytes: inputs.max_bytes ?? MAX_BYTES,
    timeoutMs: (inputs.timeout_seconds ?? TIMEOUT_SECONDS) * 1_000,
  });
  const content = Buffer.from(await response.arrayBuffer());
  const contentType = response.headers.get('content-type');
  return {
    status_code: response.status,
    headers: [...response.headers].map(([key, value]) => ({ key, value })),
    ...(contentType === null ? {} : { content_type: contentType }),
    content_base64: content.toString('base64'),
    final_url: response.url,
    content_bytes: content.byteLength,
  };
}

function pairsOf(list: CallInputs['headers']): [string, string][] {
  return (list ?? []).map(({ key, value }) => [key, value]);
}

/** The query that is there stays as it is written: URLSearchParams would write all of it anew. */
function withParams(text: string, params: [string, string][]): string | URL {
  if (params.length === 0 || !URL.canParse(text)) return text;
  const url = new URL(text);
  url.search += (url.search === '' ? '?' : '&') + new URLSearchParams(params).toString();
  return url;
}
