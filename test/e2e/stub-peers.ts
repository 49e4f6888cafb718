import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AtomicExecuteRequest, readRequest } from '#contract';
import type { AtomicExecuteResult, NodeType } from '#contract';

/** What a peer does with one request. It answers by itself, or leaves it unanswered. */
type Serve = (
  line: string,
  body: string,
  response: ServerResponse,
  headers: IncomingHttpHeaders,
) => void | Promise<void>;

/** A peer over HTTP that can be away for a while and come back at the same address. */
export class StubPeer {
  private server: Server | undefined;
  private port = 0;

  constructor(private readonly serve: Serve) {}

  /** Base URL without `/v1`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((settle, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', settle);
    });
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Refuses connections from now on, while those that are busy go on; `stop` ends them. */
  refuse(): void {
    this.server?.close();
    this.server?.closeIdleConnections();
  }

  /** Refuses connections from now on; those that are open are cut. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    const closed = new Promise((settle) => server.close(settle));
    server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    await this.serve(`${request.method} ${request.url}`, body, response, request.headers);
  }
}

/** An answer that is not a success, with an ErrorEnvelope. */
interface StubRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/**
 * What a stub executor makes of an execution: a result; a refusal; `die`: the connection is cut; `hang`: no answer ever; `full`: no
 * room.
 */
export type StubExecution = Omit<AtomicExecuteResult, 'node_run_id'> | StubRefusal | 'die' | 'hang' | 'full';

const FULL = { error: { code: 'execution_overloaded', message: 'There is no room.', retryable: true } };

/** An Atomic Executor whose results a test decides on. */
export interface StubAtomicExecutor extends StubPeer {
  /** In the order in which they arrived. */
  readonly executions: readonly AtomicExecuteRequest[];
  /** The header `authorization` of every request, with its line. */
  readonly authorizations: readonly (readonly [line: string, authorization: string | undefined])[];
  /** The node run ids of cancel requests. */
  readonly cancels: readonly string[];
}

/**
 * @param nodeTypes what it offers; undefined: it has no list, as the standard has none
 * @param execute asked for every execution; `again` is how often the node run was executed before
 */
export async function startStubAtomicExecutor(
  nodeTypes: readonly NodeType[] | undefined,
  execute: (request: AtomicExecuteRequest, again: number) => StubExecution | Promise<StubExecution>,
): Promise<StubAtomicExecutor> {
  const executions: AtomicExecuteRequest[] = [];
  const cancels: string[] = [];
  const authorizations: [string, string | undefined][] = [];
  const peer = new StubPeer(async (line, body, response, headers) => {
    authorizations.push([line, headers.authorization]);
    const canceled = /^POST \/v1\/atomic-node-runs\/([^/]+):cancel$/.exec(line)?.[1];
    if (line === 'GET /v1/health') return json(response, 200, { status: 'ok', time: new Date().toISOString() });
    if (line === 'GET /v1/node-types' && nodeTypes !== undefined) return json(response, 200, nodeTypes);
    if (canceled !== undefined) {
      cancels.push(decodeURIComponent(canceled));
      response.writeHead(204).end();
    } else if (line === 'POST /v1/atomic-node-runs:execute') {
      const request = readRequest(AtomicExecuteRequest, JSON.parse(body));
      const again = executions.filter(({ node_run_id }) => node_run_id === request.node_run_id).length;
      executions.push(request);
      const result = await execute(request, again);
      if (result === 'die') response.destroy();
      else if (result === 'full') json(response, 503, FULL);
      else if (result === 'hang') return;
      else if ('status' in result) json(response, result.status, { error: { ...result, status: undefined } });
      else json(response, 200, { ...result, node_run_id: request.node_run_id });
    } else unknownRoute(response, line);
  });
  await peer.start();
  return Object.assign(peer, { executions, cancels, authorizations });
}

/** A Node Registry with these node types. */
export async function startStubRegistry(nodeTypes: readonly NodeType[]): Promise<StubPeer> {
  const peer = new StubPeer((line, _body, response) => {
    const asked = /^GET \/v1\/node-types\/([^?]+)\?version=(.+)$/.exec(line);
    const [id, version] = [asked?.[1] ?? '', asked?.[2] ?? ''].map(decodeURIComponent);
    const found = nodeTypes.find((one) => one.node_type_id === id && one.version === version);
    if (asked === null) unknownRoute(response, line);
    else if (found !== undefined) json(response, 200, found);
    else json(response, 404, { error: { code: 'node_type_not_found', message: 'There is no such node type.' } });
  });
  await peer.start();
  return peer;
}

/** A node type in version 1 that says what an execution may do. */
export function atomicType(
  node_type_id: string,
  sideEffect?: 'read' | 'write' | 'irreversible',
  rest: Partial<NodeType> = {},
): NodeType {
  const effect = sideEffect === undefined ? {} : { 'jarvis.side_effect': sideEffect };
  return { node_type_id, version: '1', kind: 'atomic', ...rest, extensions: { ...effect, ...rest.extensions } };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function unknownRoute(response: ServerResponse, line: string): void {
  json(response, 404, { error: { code: 'route_not_found', message: `There is no ${line}.` } });
}
