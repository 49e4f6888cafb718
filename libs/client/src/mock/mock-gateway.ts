import { unlessAborted } from '../transport/deadline.js';
import type { FetchLike } from '../transport/transport.js';
import type { MockTool } from './default-tools.js';
import { jsonReply, mockRequest } from './mock-request.js';
import { MockRuns } from './mock-runs.js';
import type { MockNode } from './mock-runs.js';
import { MockTools } from './mock-tools.js';
import type { MockCall, MockFailure } from './mock-tools.js';

/** What a mock answers. */
export interface MockGatewayOptions {
  /** Its URL is `mock://<name>`; default: a new name. */
  readonly name?: string;
  /** Answers by `tool:action`, beside and instead of the four tools that are there. */
  readonly tools?: Readonly<Record<string, MockTool>>;
  /** Outputs of a run's node by node type id, made of its input; default: the input, for `jarvis.core.echo` as `{echo: input}`. */
  readonly nodes?: Readonly<Record<string, MockNode>>;
  /** How often a job is looked at before it ends; default 1. */
  readonly jobLooks?: number;
}

/** A tool gateway and a suite in memory, for unit tests. */
export interface MockGateway {
  /** For `baseUrl` of a client. */
  readonly baseUrl: string;
  /** The calls of tools so far, refused ones included. */
  readonly calls: readonly MockCall[];
  /** Every request so far, as `POST /api/proxy-request`. */
  readonly requests: readonly string[];
  readonly fetch: FetchLike;
  /** The next calls of `tool:action`, `tool` or `*` meet these, one each. */
  stage(target: string, ...failures: readonly MockFailure[]): void;
  /** The next success recommends a new token. */
  recommendRotation(): void;
  /** Its URL means nothing any more. */
  close(): void;
}

/** The mocks that can be spoken with, by the host of their URL. */
const registered = new Map<string, MockGateway>();

/** Makes a gateway in memory. Clients with its `baseUrl` speak with it, until it is closed. */
export function createMockGateway(options: MockGatewayOptions = {}): MockGateway {
  const name = options.name ?? `mock-${crypto.randomUUID()}`;
  if (registered.has(name)) throw new Error(`There is a mock with the name ${name} already: close() it first.`);
  const mock = mockCalled(name, options);
  registered.set(name, mock);
  return mock;
}

/** The mock of a `mock://` URL: the one that createMockGateway made with this name, or a new one for this client alone. */
export function mockFor(baseUrl: string): MockGateway {
  const { host } = new URL(baseUrl);
  return registered.get(host) ?? mockCalled(host, {});
}

function mockCalled(name: string, options: MockGatewayOptions): MockGateway {
  const tools = new MockTools(options.tools ?? {}, options.jobLooks ?? 1);
  const runs = new MockRuns(options.nodes ?? {});
  const requests: string[] = [];
  const answer = async (url: string, init: RequestInit): Promise<Response> => {
    const request = mockRequest(url, init);
    requests.push(`${request.method} ${request.path}`);
    const error = { code: 'route_not_found', message: 'The mock has no such route.', retryable: false };
    return (await tools.answer(request)) ?? (await runs.answer(request, init.signal)) ?? jsonReply(404, { error });
  };
  const mock: MockGateway = {
    baseUrl: `mock://${name}`,
    calls: tools.calls,
    requests,
    fetch: (url, init) => {
      const answered = answer(url, init);
      return init.signal ? unlessAborted(answered, init.signal) : answered;
    },
    stage: (target, ...failures) => tools.stage(target, failures),
    recommendRotation: () => tools.recommendRotation(),
    close: () => {
      if (registered.get(name) === mock) registered.delete(name);
    },
  };
  return mock;
}
