import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { SDK_VERSION } from '../../admission/package-metadata.js';
import type { DevExecutor } from './dev-executor.js';
import { readExecuteRequest, RequestError } from './execute-request.js';

/** What the server has to tell beside node runs. */
export interface DevState {
  /** Why the newest sources are not in use; undefined: they are. */
  readonly problem: string | undefined;
}

interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const SERVICE = 'jarvis-node-pack-dev';

/** The part of the ARP Atomic Executor API that a pack can be tried with, without authentication. */
export function createDevServer(executor: DevExecutor, state: () => DevState): Server {
  return createServer((request, response) => {
    void answer(executor, state, request)
      .catch(errorReply)
      .then((reply) => send(response, reply));
  });
}

async function answer(executor: DevExecutor, state: () => DevState, request: IncomingMessage): Promise<Reply> {
  const { pathname } = new URL(request.url ?? '/', 'http://executor');
  const allow = (method: string) => {
    if (request.method === method) return;
    throw new RequestError(405, 'method_not_allowed', `This route answers ${method} only.`, { allow: [method] });
  };
  const cancel = /^\/v1\/atomic-node-runs\/([^/:]+):cancel$/.exec(pathname)?.[1];
  if (cancel !== undefined) {
    allow('POST');
    executor.cancel(decodeURIComponent(cancel));
    return { status: 204 };
  }
  switch (pathname) {
    case '/v1/atomic-node-runs:execute': {
      allow('POST');
      const traceparent = request.headers['traceparent'];
      return {
        status: 200,
        body: await executor.execute(readExecuteRequest(await readJson(request)), one(traceparent)),
      };
    }
    case '/v1/node-types':
      allow('GET');
      return { status: 200, body: executor.nodeTypes() };
    case '/v1/health':
      allow('GET');
      return { status: 200, body: health(executor, state()) };
    case '/v1/version':
      allow('GET');
      return {
        status: 200,
        body: { service_name: SERVICE, service_version: SDK_VERSION, supported_api_versions: ['v1'] },
      };
    default:
      throw new RequestError(404, 'route_not_found', 'This service has no such route.');
  }
}

function health(executor: DevExecutor, { problem }: DevState): object {
  const status = executor.loaded === undefined ? 'down' : problem === undefined ? 'ok' : 'degraded';
  const node_types = [...(executor.loaded?.nodes.keys() ?? [])];
  const check =
    problem === undefined ? { status: 'ok', details: { node_types } } : { status: 'down', message: problem };
  return { status, time: new Date().toISOString(), checks: [{ name: 'node_packs', ...check }] };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  // A page in a browser can send other types without asking; this one it cannot.
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new RequestError(415, 'unsupported_media_type', 'Send the body as application/json.');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new RequestError(413, 'payload_too_large', `The body has more than ${MAX_BODY_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new RequestError(400, 'invalid_request', 'The body is not JSON.');
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function errorReply(error: unknown): Reply {
  const known = error instanceof RequestError || error instanceof URIError;
  const { status, code, message, details } =
    error instanceof RequestError
      ? error
      : known
        ? new RequestError(400, 'invalid_request', 'The path is not a URL path.')
        : new RequestError(500, 'internal_error', `This is a fault of jarvis-node-pack dev: ${String(error)}`);
  const allow = details?.['allow'];
  return {
    status,
    body: { error: { code, message, retryable: false, ...(details === undefined ? {} : { details }) } },
    ...(Array.isArray(allow) ? { headers: { allow: allow.join(', ') } } : {}),
  };
}

function send(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  const type = body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' };
  response.writeHead(status, { ...type, ...headers }).end(body === undefined ? undefined : JSON.stringify(body));
}
