import type { JsonObject } from '../json-schema.js';
import type { ArtifactOptions, ArtifactRef, Progress } from '../node-context.js';
import type { EgressRules } from '../http/egress-rules.js';

/** Why a handler is stopped; the reason of the signal. */
export type StopReason = 'canceled' | 'timeout' | 'stopping';

/** What a handler has spent: `jarvis.usage` of the result. */
export interface Usage {
  readonly external_calls: number;
  readonly cost: number;
}

/** Everything about a call that is data. Crosses the border to a child process as JSON. */
export interface CallFacts {
  readonly runId: string;
  readonly nodeRunId: string;
  readonly nodeTypeId: string;
  readonly nodeTypeVersion: string;
  /** When it is stopped, in milliseconds since 1970. */
  readonly deadline: number;
  /** W3C Trace Context, when the caller sent it. */
  readonly traceparent?: string;
  readonly runContext?: Readonly<JsonObject>;
  readonly constraints?: Readonly<JsonObject>;
  /** What `ctx.http` may reach. */
  readonly egress: EgressRules;
  /** Names of the credentials that it may ask for. Default: none. */
  readonly credentials?: readonly string[];
}

/** What a handler does to the world through its context, beside HTTP. */
export interface CallPorts {
  log(level: 'info' | 'warn' | 'error', message: string, fields?: JsonObject): void;
  progress(progress: Progress): void;
  putArtifact(content: Uint8Array, options: Required<ArtifactOptions>): Promise<ArtifactRef>;
  /** @returns undefined when there is none */
  getArtifact(id: string): Promise<Uint8Array | undefined>;
  /** @returns undefined when none is configured */
  getCredential(name: string): Promise<string | undefined>;
}

/** One execution of a handler. */
export interface HandlerCall {
  readonly inputs: JsonObject;
  readonly facts: CallFacts;
  readonly ports: CallPorts;
  /** Aborted with a StopReason. The call ends soon after, whatever the handler does. */
  readonly signal: AbortSignal;
}

/** An error as a result carries it. (`common/error.schema.json`) */
export interface HandlerError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly details?: Record<string, unknown>;
}

/** How a handler ended. */
export type HandlerEnd = { readonly usage: Usage } & (
  | { readonly state: 'succeeded'; readonly outputs: JsonObject }
  | {
      readonly state: 'failed' | 'canceled';
      readonly error: HandlerError;
      /** For the log; never sent. */
      readonly cause?: unknown;
    }
);

/**
 * The code of a pack, ready to run: in this process (`openInProcess`) or in processes of its own (`openIsolated`).
 * Nothing that a handler does makes a method reject.
 */
export interface PackHost {
  readonly isolation: 'in_process' | 'process';
  /** Ids of the nodes that the code has handlers for. */
  readonly handlerIds: readonly string[];
  /** Whether `run` checks inputs and outputs by the schemas of the node; else whoever calls it does. */
  readonly checksSchemas: boolean;
  run(call: HandlerCall): Promise<HandlerEnd>;
  /** Ends what belongs to it; calls that are running are stopped. */
  close(): Promise<void>;
}
