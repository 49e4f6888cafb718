import { inspect } from 'node:util';
import type { JsonObject } from '../json-schema.js';
import { CredentialMask } from './credential-mask.js';
import { credentialNotDeclared } from './credential-errors.js';
import { handlerError } from './handler-error.js';
import type { CallPorts, HandlerCall, HandlerEnd } from './pack-host.js';

/** A call whose handler may read credentials, and what they must not be seen in. */
export interface MaskedCall {
  readonly call: HandlerCall;
  /** The end of the call without the credentials that were read. */
  readonly masked: (end: HandlerEnd) => HandlerEnd;
}

/** Lets a call read the credentials that its node declares and hides them in all that it says. */
export function maskedCall(call: HandlerCall): MaskedCall {
  const { credentials = [] } = call.facts;
  if (credentials.length === 0) {
    const getCredential = (name: string) => Promise.reject(credentialNotDeclared(name));
    return { call: { ...call, ports: portsWith(call.ports, { getCredential }) }, masked: (end) => end };
  }
  const mask = new CredentialMask();
  // What the process of a pack asks for is not trusted.
  const ports = maskedPorts(
    portsWith(call.ports, {
      getCredential: (name) =>
        credentials.includes(name) ? call.ports.getCredential(name) : Promise.reject(credentialNotDeclared(name)),
    }),
    mask,
  );
  return { call: { ...call, ports }, masked: (end) => (mask.isEmpty ? end : maskedEnd(end, mask)) };
}

/** Ports that pass on nothing of the credentials that were read through them. */
export function maskedPorts(ports: CallPorts, mask: CredentialMask): CallPorts {
  return {
    log: (level, message, fields) => {
      if (mask.isEmpty) ports.log(level, message, fields);
      else ports.log(level, mask.text(String(message)), fields === undefined ? undefined : maskedFields(fields, mask));
    },
    progress: (progress) => {
      const { message } = progress;
      ports.progress(
        mask.isEmpty || message === undefined ? progress : { ...progress, message: mask.text(String(message)) },
      );
    },
    putArtifact: (content, options) => {
      if (mask.isEmpty) return ports.putArtifact(content, options);
      const [name, mediaType] = [options.name, options.mediaType].map((text) => mask.text(String(text)));
      return ports.putArtifact(mask.bytes(content), { name: name ?? '', mediaType: mediaType ?? '' });
    },
    getArtifact: (id) => ports.getArtifact(id),
    getCredential: async (name) => {
      const secret = await ports.getCredential(name);
      if (secret !== undefined) mask.add(secret);
      return secret;
    },
  };
}

/** A log line is not worth a failure. */
function maskedFields(fields: JsonObject, mask: CredentialMask): JsonObject {
  try {
    return mask.json(JSON.parse(JSON.stringify(fields)) as JsonObject);
  } catch {
    return { dropped: 'fields that cannot be written as JSON' };
  }
}

function maskedEnd(end: HandlerEnd, mask: CredentialMask): HandlerEnd {
  const { usage } = end;
  try {
    if (end.state === 'succeeded') return { ...end, outputs: mask.json(end.outputs) };
    const { error, cause, ...rest } = end;
    const code = mask.text(error.code) === error.code ? error.code : 'handler_error';
    const shown = cause === undefined ? {} : { cause: maskedCause(cause, mask) };
    return { ...rest, error: { ...mask.json(error), code }, ...shown };
  } catch {
    // Nested too deep to be looked through, or made to fail when it is.
    return { state: 'failed', error: handlerError('handler_error'), usage };
  }
}

/** An error that shows no credential goes to the log as it is. */
function maskedCause(cause: unknown, mask: CredentialMask): unknown {
  if (typeof cause === 'string') return mask.text(cause);
  const shown = inspect(cause, { depth: 10 });
  const safe = mask.text(shown);
  return safe === shown ? cause : safe;
}

function portsWith(ports: CallPorts, changes: Partial<CallPorts>): CallPorts {
  return {
    log: (...line) => ports.log(...line),
    progress: (progress) => ports.progress(progress),
    putArtifact: (...artifact) => ports.putArtifact(...artifact),
    getArtifact: (id) => ports.getArtifact(id),
    getCredential: (name) => ports.getCredential(name),
    ...changes,
  };
}
