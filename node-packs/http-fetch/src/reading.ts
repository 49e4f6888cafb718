import type { DeclaredError, InferSchema, NodeContext } from '@arp-jarvis/node-pack-sdk';

const MAX_SIZE = 1_048_576;
const TIMEOUT_MS = 10_000;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i;
const CHARSET = /;\s*charset="?([\w.:-]+)"?/i;

export const READ_INPUT = {
  type: 'object',
  properties: {
    url: { type: 'string', format: 'uri', description: 'Absolute http or https URL of a public host, port 80 or 443.' },
    headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Headers to send. Headers of the connection, such as host, are dropped.',
    },
    timeout: {
      type: 'integer',
      minimum: 1_000,
      maximum: 30_000,
      description: `Until the last byte, redirects included, in milliseconds. Default ${TIMEOUT_MS}.`,
    },
    max_size: {
      type: 'integer',
      minimum: 1,
      maximum: 10 * MAX_SIZE,
      description: `Most bytes of the content, after decompression. Default ${MAX_SIZE}.`,
    },
  },
  required: ['url'],
  additionalProperties: false,
} as const;

export const READ_OUTPUT = {
  type: 'object',
  properties: {
    status: { type: 'integer' },
    status_text: { type: 'string' },
    headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Names in lower case; several of one name joined with ", ".',
    },
    data: {
      type: ['object', 'array', 'string', 'number', 'boolean', 'null'],
      description: 'The content: text, or what JSON says where content-type is JSON.',
    },
    url: { type: 'string', description: 'Where the last redirect led, without fragment.' },
    bytes: { type: 'integer', minimum: 0, description: 'Length of the content, decompressed.' },
  },
  required: ['status', 'status_text', 'headers', 'data', 'url', 'bytes'],
  additionalProperties: false,
} as const;

const READ_ERRORS: Readonly<Record<string, DeclaredError>> = {
  egress_denied: {
    description: 'The host is not allowed, its address is not public, or a redirect leads from https to http.',
  },
  invalid_url: {
    description: 'The URL, or one that it redirects to, is none, is not http or https, or holds credentials.',
  },
  invalid_request: { description: 'A header is one that HTTP cannot have.' },
  response_too_large: { description: 'The content is longer than max_size.' },
  too_many_redirects: { description: 'More than 5 redirects.' },
  budget_exceeded: { description: 'No external calls are left in the budget of the run.' },
  http_unreachable: { description: 'No connection, or it broke before the answer was complete.', retryable: true },
  http_timeout: { description: 'The answer was not complete in time.', retryable: true },
};

/** What both nodes have. */
export const READ_FACTS = {
  sideEffect: 'read',
  trustTier: 'first_party',
  timeoutMs: 60_000,
  egress: ['*'],
  budgetHints: { external_calls: 1 },
  errors: READ_ERRORS,
  tags: ['web', 'http'],
} as const;

type ReadInputs = InferSchema<typeof READ_INPUT>;
type ReadOutputs = InferSchema<typeof READ_OUTPUT>;

/** Makes one call and reads its answer. */
export async function read(
  method: 'GET' | 'HEAD',
  { url, headers = {}, timeout = TIMEOUT_MS, max_size = MAX_SIZE }: ReadInputs,
  { http }: Pick<NodeContext, 'http'>,
): Promise<ReadOutputs> {
  const response = await http.fetch(url, { method, headers, timeoutMs: timeout, maxBytes: max_size });
  const content = new Uint8Array(await response.arrayBuffer());
  return {
    status: response.status,
    status_text: response.statusText,
    headers: headersOf(response),
    data: dataOf(content, response.headers.get('content-type') ?? ''),
    url: response.url,
    bytes: content.byteLength,
  };
}

function headersOf({ headers }: Response): Record<string, string> {
  // Object.fromEntries would keep the last set-cookie only.
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(joined);
}

function dataOf(content: Uint8Array, contentType: string): ReadOutputs['data'] {
  const text = textOf(content, CHARSET.exec(contentType)?.[1] ?? 'utf-8');
  if (!JSON_TYPE.test(contentType)) return text;
  try {
    return JSON.parse(text) as ReadOutputs['data'];
  } catch {
    return text;
  }
}

function textOf(content: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset).decode(content);
  } catch {
    return new TextDecoder().decode(content);
  }
}
