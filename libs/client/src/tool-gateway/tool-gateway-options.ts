import { membersOf } from '../transport/answer-body.js';
import type { ClientLogger, FetchLike, RetryOptions } from '../transport/transport.js';
import type { AgentPrivateKey } from './agent-key.js';
import type { Permission } from './agent-tokens.js';

/** Settings of a ToolGatewayClient. */
export interface ToolGatewayClientOptions {
  /** Where the tool gateway is, such as `https://gateway.internal`; `mock://…` answers in memory. */
  readonly baseUrl: string;
  readonly agentId: string;
  /**
   * The agent's private key: PEM (PKCS#8) of Ed25519, P-256 or RSA of at least 2048 bits, JWK or CryptoKey. It signs,
   * and never leaves the process. With `mock://` any text is accepted.
   */
  readonly agentPrivateKey: AgentPrivateKey;
  /** Intent of every call until `setIntent`; default: none. */
  readonly defaultIntent?: string;
  /** Longest wait for one attempt, in milliseconds; default 6000. */
  readonly timeoutMs?: number;
  /** What the gateway calls itself; default `arp-tool-gateway`. */
  readonly audience?: string;
  /** Binds tokens to a key of this process, and proves its possession with each call (RFC 9449); default false. */
  readonly dpop?: boolean;
  /** Asks for tokens without a signed assertion, for gateways that still allow it; default false. */
  readonly legacyMinting?: boolean;
  /** Repetitions; `{ retries: 0 }` turns them off. */
  readonly retry?: RetryOptions;
  /**
   * Actions that may be repeated without an idempotency key, as `tool`, `tool:*` or `tool:action`; default
   * `http_fetch:get`, `http_fetch:head`, `serpapi`, `openai`, `gmail_send:profile`.
   */
  readonly idempotentActions?: readonly string[];
  /** A `traceparent` (W3C) for every call, or what gives one; default: a new trace for each call. */
  readonly traceparent?: string | (() => string | undefined);
  readonly logger?: ClientLogger;
  /** Instead of the global `fetch`. */
  readonly fetch?: FetchLike;
}

/** Options of a request that is not about a tool. */
export interface RequestOptions {
  /** Ends the call at once; the call rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Longest wait for one attempt, in milliseconds; default: the client's. */
  readonly timeoutMs?: number;
  /** Sent as `X-Correlation-Id`; 1 to 128 of `A-Z a-z 0-9 _ . -`. Default: a new one for each call. */
  readonly correlationId?: string;
}

/** Options of a call of a tool. */
export interface ProxyOptions extends RequestOptions {
  /** A token of `getToken`; default: the client fetches and keeps one for the tool. */
  readonly token?: string;
  /** What the client asks for when it fetches the token; default `['read']` for reads, else `['read', 'write']`. */
  readonly permissions?: readonly Permission[];
  /**
   * The same key and the same call happen once; 1 to 255 visible ASCII characters. Default: `params.idempotency_key`, or
   * `params.idempotencyKey`.
   */
  readonly idempotencyKey?: string;
  /** Intent of this call; default: the client's. */
  readonly intent?: string;
  /** Sent as `proof_payload`; what is no text, as JSON. Gateways of this suite accept and ignore it. */
  readonly proofPayload?: unknown;
}

/** Options of `getJob`. */
export interface JobOptions extends RequestOptions {
  /** Default: a token that the client has, or fetches. */
  readonly token?: string;
}

/** Options of `waitForJob`. */
export interface WaitForJobOptions {
  readonly token?: string;
  readonly signal?: AbortSignal;
  /** Longest wait for the job, in milliseconds; default 300,000. */
  readonly timeoutMs?: number;
  /** Pause between two looks, in milliseconds; default 500. */
  readonly pollMs?: number;
}

/** What the gateway says about a call beside its result. */
export interface ProxyMetadata {
  readonly agentId?: string;
  readonly agentName?: string;
  readonly tool?: string;
  readonly action?: string;
  readonly responseTimeMs?: number;
  readonly correlationId?: string;
  /** The result came from the gateway's cache. */
  readonly cached?: boolean;
  /** The result is the kept answer to an earlier call with the same idempotency key. */
  readonly idempotentReplay?: boolean;
}

/** The metadata of an answer, as this package names it. */
export function presentMetadata(metadata: unknown): ProxyMetadata {
  const { agent_id, agent_name, tool, action, response_time_ms, correlation_id, cached, idempotent_replay } =
    membersOf(metadata);
  const known = {
    agentId: agent_id,
    agentName: agent_name,
    tool,
    action,
    responseTimeMs: response_time_ms,
    correlationId: correlation_id,
    cached,
    idempotentReplay: idempotent_replay,
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
}
