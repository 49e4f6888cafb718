import type { JsonObject } from './json-schema.js';

/** Writes lines to the executor's log; they carry the run and node run ids. Never log secrets. */
export interface NodeLogger {
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
}

/** How far a node run has come. */
export interface Progress {
  /** From 0 to 1, when it can be told. */
  readonly fraction?: number;
  /** What is being done, for a person who watches. */
  readonly message?: string;
}

/** On whose behalf the run happens, as the coordinator passed it on. */
export interface Principal {
  /** `run_context.tenant_id` */
  readonly tenantId?: string;
  /** `run_context.actor`: who started the run. */
  readonly actor?: { readonly type: string; readonly id: string };
}

/** Where the run belongs in a distributed trace (W3C Trace Context). `ctx.http` sends it on. */
export interface NodeTrace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** The header `traceparent` for calls to other services. */
  readonly traceparent: string;
}

/** What is left to spend, from `constraints.budgets`. A key that is absent: no limit is known. */
export interface NodeBudgets {
  /** When the executor stops the node run; time left is `deadline - Date.now()`. */
  readonly deadline: Date;
  /** Calls through `ctx.http`, redirects included; one more is refused with `budget_exceeded`. */
  readonly maxExternalCalls?: number;
  /** In the unit that `ctx.usage.addCost` takes. */
  readonly maxCost?: number;
}

/** Tells what the node run has spent; goes to the coordinator as `jarvis.usage` of the result, also when the node run fails. */
export interface NodeUsage {
  /** Calls to outside systems that were not made with `ctx.http`, which counts its own. Default 1. */
  addExternalCalls(calls?: number): void;
  /** In whatever unit the budgets of your installation use, such as US dollars. */
  addCost(cost: number): void;
}

/** What `ctx.http.fetch` takes beside the URL: what `fetch` takes, and limits. */
export interface HttpRequest {
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
  /** Default `follow`: at most `maxRedirects`, each checked like the first URL. `manual`: the redirect itself is the response. */
  readonly redirect?: 'follow' | 'manual' | 'error';
  /** Default 5. */
  readonly maxRedirects?: number;
  /** Most bytes of the body, after decompression; a longer one fails with `response_too_large`. Default 10 MiB. */
  readonly maxBytes?: number;
  /** From the call until the last byte, in milliseconds. Default 30 000; the node run's own signal counts too. */
  readonly timeoutMs?: number;
  /** Beside the node run's own signal. */
  readonly signal?: AbortSignal;
}

/**
 * HTTP to the hosts that the node declares under `egress` and the operator allows, and never to an address that is not public unless
 * the operator said so. Resolved addresses and every redirect are checked.
 *
 * @example
 * const response = await ctx.http.fetch('https://api.example.com/v1/weather?city=Rome');
 * if (response.status === 503) throw new RetryableError('The weather service is busy.', { code: 'upstream_busy' });
 * return { weather: await response.json() };
 */
export interface HttpClient {
  /**
   * @returns a WHATWG Response, whatever its status; `response.url` is where the last redirect led
   * @throws TerminalError `egress_denied`, `invalid_url`, `invalid_request` (a header, method, body or limit that HTTP cannot have),
   *   `response_too_large`, `too_many_redirects`, `budget_exceeded`
   * @throws RetryableError `http_unreachable`, `http_timeout`
   */
  fetch(url: string | URL, request?: HttpRequest): Promise<Response>;
}

/** Something that is kept outside the outputs. (`common/resource_ref.schema.json`) */
export interface ArtifactRef {
  readonly type: 'artifact';
  /** `sha256:<64 hex digits>` of its content. */
  readonly id: string;
  readonly extensions: {
    readonly 'jarvis.artifact.name': string;
    readonly 'jarvis.artifact.media_type': string;
    readonly 'jarvis.artifact.bytes': number;
  };
}

/** What an artifact is called and what it is. */
export interface ArtifactOptions {
  /** Shown to people; not a path. Default `artifact`. */
  readonly name?: string;
  /** Default `application/octet-stream`; of a string `text/plain; charset=utf-8`. */
  readonly mediaType?: string;
}

/** Results that are too large for the outputs, or not JSON. */
export interface Artifacts {
  /**
   * Keeps the content. The reference becomes one of the node run's `output_artifacts`.
   *
   * @throws TerminalError `artifact_too_large`
   */
  put(content: string | Uint8Array, options?: ArtifactOptions): Promise<ArtifactRef>;
  /**
   * The content of an artifact of this executor.
   *
   * @throws TerminalError `artifact_not_found`
   */
  get(ref: { readonly id: string }): Promise<Uint8Array>;
}

/**
 * Secrets of services that the node calls, of whoever the run belongs to. What was read is hidden by `[credential]` wherever the executor
 * passes on what the handler says: in outputs, errors, log lines, progress and artifacts.
 */
export interface Credentials {
  /**
   * @param name one of the node's `credentials`
   * @returns what was stored under it, as it was stored
   * @throws TerminalError `credential_not_declared`, `credential_not_granted` (the operator's to give), `credential_missing`
   * @throws RetryableError `credential_store_unavailable`
   */
  get(name: string): Promise<string>;
}

/**
 * What a handler is given besides its inputs.
 *
 * @example
 * async run(inputs, ctx) {
 *   ctx.logger.info('asking the weather service');
 *   const response = await ctx.http.fetch(`https://api.example.com/v1/weather?city=${encodeURIComponent(inputs.city)}`);
 *   return { status: response.status };
 * }
 */
export interface NodeContext {
  readonly runId: string;
  readonly nodeRunId: string;
  readonly nodeTypeId: string;
  readonly nodeTypeVersion: string;
  /** Present when the caller sent a trace. */
  readonly trace?: NodeTrace;
  readonly principal: Principal;
  readonly budgets: NodeBudgets;
  readonly usage: NodeUsage;
  /** The constraint envelope in force (`core/constraint_envelope.schema.json`), when there is one. */
  readonly constraints?: Readonly<JsonObject>;
  /** The run's context as the standard has it (`core/run_context.schema.json`), when the caller gave one. */
  readonly runContext?: Readonly<JsonObject>;
  /** Fires when the node run is canceled or its time is up. Pass it to everything that waits: soon after, the handler is killed or abandoned. */
  readonly signal: AbortSignal;
  readonly logger: NodeLogger;
  /** Tells people who watch how far it is; call it as often as you like, the executor shows the latest. */
  progress(progress: Progress): void;
  readonly http: HttpClient;
  readonly artifacts: Artifacts;
  readonly credentials: Credentials;
}
