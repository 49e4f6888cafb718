import type { UpstreamMode } from '../http/mock-upstream.js';
import type { JsonObject } from '../json-schema.js';
import type { ArtifactRef, Progress } from '../node-context.js';
import { ProtocolError } from './frames.js';
import { handlerError } from './handler-error.js';
import type { CallFacts, HandlerEnd, HandlerError, StopReason, Usage } from './pack-host.js';
import type { NodeSchemas } from './schema-check.js';

/** What the host tells the process of a pack. */
export type ToProcess =
  | {
      readonly type: 'load';
      readonly packId: string;
      readonly entryFile: string;
      /** By node id. */
      readonly schemas: Readonly<Record<string, NodeSchemas>>;
      readonly timeoutMs: number;
      readonly maxOutputBytes: number;
      readonly maxArtifactBytes: number;
      /** Whether signals to other processes stay possible. */
      readonly mayKill: boolean;
      /** Who answers `ctx.http`. */
      readonly upstream: UpstreamMode;
    }
  | { readonly type: 'run'; readonly call: number; readonly inputs: JsonObject; readonly facts: CallFacts }
  | { readonly type: 'abort'; readonly call: number; readonly reason: StopReason }
  /** Answered by a pong, unless something keeps the process busy. */
  | { readonly type: 'ping' }
  | ({ readonly type: 'answer'; readonly call: number; readonly request: number } & PortAnswer);

/** What came of a request for an artifact or a credential. */
export type PortAnswer =
  | { readonly ref: ArtifactRef }
  /** Base64; null: there is none. */
  | { readonly content: string | null }
  /** null: none is configured. */
  | { readonly secret: string | null }
  | { readonly error: { readonly message: string; readonly code: string; readonly retryable: boolean } };

/** What the process of a pack tells the host. Anything can arrive: a pack may write to the pipe itself. */
export type FromProcess =
  | { readonly type: 'ready'; readonly handlerIds: readonly string[] }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'pong' }
  /** An error that nothing caught; the process ends. */
  | { readonly type: 'crash'; readonly cause: string }
  | CallMessage;

/** What belongs to a call. */
export type CallMessage = { readonly call: number } & (
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields?: JsonObject;
    }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'usage'; readonly usage: Usage }
  | {
      readonly type: 'put';
      readonly request: number;
      readonly name: string;
      readonly mediaType: string;
      readonly content: string;
    }
  | { readonly type: 'get'; readonly request: number; readonly id: string }
  | { readonly type: 'credential'; readonly request: number; readonly name: string }
  | { readonly type: 'end'; readonly end: HandlerEnd }
);

/** Of text that goes to a log or an error, most characters. */
export const TEXT_AT_MOST = 8_192;
/** Of a message that carries neither outputs nor an artifact, most bytes. */
export const SMALL_AT_MOST = 262_144;
/** Of the details of an error as JSON, most characters; longer ones are dropped. */
export const DETAILS_AT_MOST = 32_768;
/** Of the end of a node run, beside the outputs. */
const END_ROOM = 1_024;
const LEVELS = ['info', 'warn', 'error'] as const;
const CODE = /^[a-z][a-z0-9_]{0,63}$/;

/**
 * Reads a message of a process: a new object with the fields that it should have, and nothing else of it.
 *
 * @param bytes length of the message
 * @param maxOutputBytes a node run with more than this has failed with `outputs_too_large`
 * @throws ProtocolError
 */
export function readFromProcess(message: unknown, bytes: number, maxOutputBytes: number): FromProcess {
  if (!isObject(message)) throw new ProtocolError('a message that is no object');
  const { type } = message;
  if (bytes > SMALL_AT_MOST && type !== 'put' && type !== 'end') throw new ProtocolError(`a message of ${bytes} bytes`);
  switch (type) {
    case 'ready':
      return { type, handlerIds: list(message['handlerIds'], 'handlerIds') };
    case 'refused':
      return { type, reason: text(message['reason'], 'reason') };
    case 'pong':
      return { type };
    case 'crash':
      return { type, cause: text(message['cause'], 'cause') };
    case 'log': {
      const { fields } = message;
      const level = LEVELS.find((known) => known === message['level']);
      if (level === undefined) throw malformed('level');
      const said = { type, call: count(message, 'call'), level, message: text(message['message'], 'message') } as const;
      return fields === undefined ? said : { ...said, fields: object(fields, 'fields') };
    }
    case 'progress':
      return { type, call: count(message, 'call'), progress: progressOf(object(message['progress'], 'progress')) };
    case 'usage':
      return { type, call: count(message, 'call'), usage: usageOf(message['usage']) };
    case 'put': {
      const { name, mediaType, content } = message;
      if (typeof content !== 'string') throw malformed('content');
      return {
        type,
        call: count(message, 'call'),
        request: count(message, 'request'),
        name: text(name, 'name'),
        mediaType: text(mediaType, 'mediaType'),
        content,
      };
    }
    case 'get':
      return {
        type,
        call: count(message, 'call'),
        request: count(message, 'request'),
        id: text(message['id'], 'id'),
      };
    case 'credential':
      return {
        type,
        call: count(message, 'call'),
        request: count(message, 'request'),
        name: text(message['name'], 'name'),
      };
    case 'end':
      return { type, call: count(message, 'call'), end: endOf(object(message['end'], 'end'), bytes, maxOutputBytes) };
    default:
      throw new ProtocolError('a message of an unknown type');
  }
}

function endOf(end: JsonObject, bytes: number, maxOutputBytes: number): HandlerEnd {
  const usage = usageOf(end['usage']);
  const { state, cause } = end;
  if (state === 'succeeded') {
    const outputs = object(end['outputs'], 'outputs');
    if (bytes <= maxOutputBytes + END_ROOM) return { state, outputs, usage };
    const said = `The outputs have more than the ${maxOutputBytes} bytes as JSON that are kept. Put what is large into an artifact.`;
    return { state: 'failed', error: handlerError('outputs_too_large', said), usage };
  }
  if (state !== 'failed' && state !== 'canceled') throw malformed('state');
  if (bytes > SMALL_AT_MOST) throw new ProtocolError(`a message of ${bytes} bytes`);
  return {
    state,
    error: errorOf(object(end['error'], 'error')),
    usage,
    ...(cause === undefined ? {} : { cause: text(cause, 'cause') }),
  };
}

function errorOf({ code, message, retryable, details }: JsonObject): HandlerError {
  if (typeof code !== 'string' || !CODE.test(code)) throw malformed('code');
  if (typeof retryable !== 'boolean') throw malformed('retryable');
  return {
    code,
    message: text(message, 'message'),
    retryable,
    ...(isShort(details) ? { details: object(details, 'details') } : {}),
  };
}

/** Whether there are details that may be kept; such as cannot be written as JSON may not. */
function isShort(details: unknown): boolean {
  if (details === undefined) return false;
  try {
    return JSON.stringify(details).length <= DETAILS_AT_MOST;
  } catch {
    return false;
  }
}

function usageOf(usage: unknown): Usage {
  const given = object(usage, 'usage');
  return { external_calls: amount(given, 'external_calls'), cost: amount(given, 'cost') };
}

function progressOf({ fraction, message }: JsonObject): Progress {
  return {
    ...(typeof fraction === 'number' ? { fraction } : {}),
    ...(typeof message === 'string' ? { message: message.slice(0, TEXT_AT_MOST) } : {}),
  };
}

function list(value: unknown, field: string): string[] {
  if (!Array.isArray(value)) throw malformed(field);
  return value.map((item) => text(item, field));
}

function object(value: unknown, field: string): JsonObject {
  if (!isObject(value)) throw malformed(field);
  return value;
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw malformed(field);
  return value.slice(0, TEXT_AT_MOST);
}

function count(message: JsonObject, field: string): number {
  const value = message[field];
  if (!Number.isSafeInteger(value)) throw malformed(field);
  return value as number;
}

function amount(message: JsonObject, field: string): number {
  const value = message[field];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw malformed(field);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(field: string): ProtocolError {
  return new ProtocolError(`a message whose ${field} is malformed`);
}
