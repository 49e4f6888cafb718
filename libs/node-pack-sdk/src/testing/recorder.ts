import { createHash } from 'node:crypto';
import type { JsonObject } from '../json-schema.js';
import type { ArtifactRef, HttpRequest, Progress } from '../node-context.js';
import { CredentialMask } from '../runtime/credential-mask.js';
import { maskedPorts } from '../runtime/masked-call.js';
import type { CallPorts } from '../runtime/pack-host.js';

/** What a handler did through its context, in order. */
export interface Recorded {
  readonly logs: {
    readonly level: 'info' | 'warn' | 'error';
    readonly message: string;
    readonly fields?: JsonObject;
  }[];
  readonly progress: Progress[];
  readonly artifacts: { readonly ref: ArtifactRef; readonly content: Uint8Array }[];
  readonly httpCalls: { readonly url: URL; readonly request: HttpRequest }[];
}

/** Ports that write down what they are told, without the credentials that were read. Artifacts are kept in memory and can be read back. */
export function recordingPorts(
  given: Readonly<Record<string, string | Uint8Array>> = {},
  credentials: Readonly<Record<string, string>> = {},
): { readonly ports: CallPorts; readonly recorded: Recorded } {
  const recorded: Recorded = { logs: [], progress: [], artifacts: [], httpCalls: [] };
  const ports: CallPorts = {
    log: (level, message, fields) => {
      recorded.logs.push({ level, message, ...(fields === undefined ? {} : { fields }) });
    },
    progress: (progress) => {
      recorded.progress.push(progress);
    },
    putArtifact: async (content, { name, mediaType }) => {
      const ref: ArtifactRef = {
        type: 'artifact',
        id: `sha256:${createHash('sha256').update(content).digest('hex')}`,
        extensions: {
          'jarvis.artifact.name': name,
          'jarvis.artifact.media_type': mediaType,
          'jarvis.artifact.bytes': content.byteLength,
        },
      };
      recorded.artifacts.push({ ref, content });
      return ref;
    },
    getArtifact: async (id) => {
      const known = Object.hasOwn(given, id) ? given[id] : undefined;
      if (known !== undefined) return typeof known === 'string' ? Buffer.from(known, 'utf8') : known;
      return recorded.artifacts.find(({ ref }) => ref.id === id)?.content;
    },
    getCredential: async (name) => (Object.hasOwn(credentials, name) ? credentials[name] : undefined),
  };
  return { ports: maskedPorts(ports, new CredentialMask()), recorded };
}
