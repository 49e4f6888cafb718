import { mockFor } from '../mock/mock-gateway.js';
import type { MockGateway } from '../mock/mock-gateway.js';
import type { TokenProvider } from '../tokens/token-provider.js';
import { checkedBaseUrl, isMockUrl } from '../transport/service-url.js';
import { globalFetch, Transport } from '../transport/transport.js';
import type { ClientLogger, FetchLike, RetryOptions } from '../transport/transport.js';
import { Approvals } from './approvals.js';
import { ArpError, arpErrors } from './arp-errors.js';
import { Connection } from './connection.js';
import type { ArpRequestOptions } from './connection.js';
import type { NodeRun, NodeType } from './records.js';
import { Runs } from './runs.js';

/** Settings of an ArpClient. */
export interface ArpClientOptions {
  /** The run gateway, such as `https://arp.example`; `mock://…` answers in memory. */
  readonly baseUrl: string;
  /** The run coordinator, for `nodeRuns.get`. */
  readonly coordinatorUrl?: string;
  /** The atomic executor, for `nodeTypes.list`. */
  readonly atomicExecutorUrl?: string;
  /** Where access tokens come from; default: none are sent. */
  readonly tokens?: TokenProvider;
  /** Longest wait for one attempt, in milliseconds; default 10,000. */
  readonly timeoutMs?: number;
  /** Repetitions; `{ retries: 0 }` turns them off. */
  readonly retry?: RetryOptions;
  /** A `traceparent` (W3C) for every request, or what gives one; default: a new trace for each request. */
  readonly traceparent?: string | (() => string | undefined);
  readonly logger?: ClientLogger;
  /** Instead of the global `fetch`. */
  readonly fetch?: FetchLike;
}

/**
 * The ARP suite: runs, their node runs and events, node types, approvals.
 *
 * @example
 * const arp = new ArpClient({ baseUrl: 'http://127.0.0.1:8080' });
 * const { run_id } = await arp.runs.start({ root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: { text: 'Hello' } });
 * const run = await arp.runs.wait(run_id);
 */
export class ArpClient {
  readonly runs: Runs;
  readonly approvals: Approvals;
  readonly nodeRuns: { get(nodeRunId: string, options?: ArpRequestOptions): Promise<NodeRun> };
  readonly nodeTypes: { list(options?: ArpRequestOptions): Promise<readonly NodeType[]> };
  private readonly closing = new AbortController();
  /** One for every service of the same `mock://` URL. */
  private readonly mocks = new Map<string, MockGateway>();

  constructor(private readonly options: ArpClientOptions) {
    const gateway = this.connect(options.baseUrl, 'baseUrl');
    const coordinator = this.connectIfThere(options.coordinatorUrl, 'coordinatorUrl');
    const executor = this.connectIfThere(options.atomicExecutorUrl, 'atomicExecutorUrl');
    this.runs = new Runs(gateway, this.closing.signal);
    this.approvals = new Approvals(gateway);
    this.nodeRuns = {
      get: async (nodeRunId, request = {}) => {
        const path = `/v1/node-runs/${encodeURIComponent(nodeRunId)}`;
        return (await coordinator().send({ ...request, method: 'GET', path })).body as NodeRun;
      },
    };
    this.nodeTypes = {
      list: async (request = {}) =>
        (await executor().send({ ...request, method: 'GET', path: '/v1/node-types' })).body as NodeType[],
    };
  }

  /** Ends the requests and streams under way; further ones are refused. */
  async close(): Promise<void> {
    this.closing.abort(new ArpError('The client is closed.', { code: 'client_closed' }));
  }

  /** As `close`: `await using arp = new ArpClient(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private connect(url: string, setting: string): Connection {
    const { fetch: given, retry, logger, traceparent, tokens, timeoutMs = 10_000 } = this.options;
    const baseUrl = checkedBaseUrl(url, setting);
    const transport = new Transport({
      fetch: given ?? (isMockUrl(baseUrl) ? this.mock(baseUrl).fetch : globalFetch),
      errors: arpErrors,
      retry,
      logger,
      traceparent,
      closing: this.closing.signal,
    });
    return new Connection(baseUrl, transport, tokens, timeoutMs);
  }

  private mock(url: string): MockGateway {
    const mock = this.mocks.get(url) ?? mockFor(url);
    this.mocks.set(url, mock);
    return mock;
  }

  /** The run gateway of `mock://` has everything; of a suite the service that has it must be named. */
  private connectIfThere(url: string | undefined, setting: string): () => Connection {
    const known = url ?? (isMockUrl(this.options.baseUrl) ? this.options.baseUrl : undefined);
    const connection = known === undefined ? undefined : this.connect(known, setting);
    return () => {
      if (connection !== undefined) return connection;
      throw new ArpError(`This needs the setting ${setting} of the ArpClient.`, { code: 'not_configured' });
    };
  }
}
