import { RetryableError, TerminalError } from '../errors.js';
import type { JsonObject } from '../json-schema.js';
import type { ArtifactRef } from '../node-context.js';
import { latestWins } from './latest-wins.js';
import type { CallPorts, Usage } from './pack-host.js';
import { SMALL_AT_MOST, TEXT_AT_MOST } from './protocol.js';
import type { PortAnswer, FromProcess } from './protocol.js';

/** The ports of a call in the process of a pack: all of them lead to the host. */
export interface ChildPorts extends CallPorts {
  usage(usage: Usage): void;
  /** The host's answer to a request. */
  answer(request: number, answer: PortAnswer): void;
  /** The call is over: what comes later is dropped. */
  close(): void;
}

const PROGRESS_EVERY_MS = 100;

export function openChildPorts(
  call: number,
  maxArtifactBytes: number,
  send: (message: FromProcess) => void,
): ChildPorts {
  const waiting = new Map<number, (answer: PortAnswer) => void>();
  let requests = 0;
  let isOpen = true;
  const say = (message: FromProcess) => {
    if (isOpen) send(message);
  };
  const progress = latestWins(PROGRESS_EVERY_MS, (latest: Parameters<CallPorts['progress']>[0]) =>
    say({ type: 'progress', call, progress: latest }),
  );
  const ask = async (
    message:
      | { type: 'get'; id: string }
      | { type: 'put'; name: string; mediaType: string; content: string }
      | { type: 'credential'; name: string },
  ): Promise<PortAnswer> => {
    requests += 1;
    const request = requests;
    const answer = await new Promise<PortAnswer>((settle) => {
      waiting.set(request, settle);
      say({ ...message, call, request });
    });
    if (!('error' in answer)) return answer;
    const { message: said, code, retryable } = answer.error;
    throw retryable ? new RetryableError(said, { code }) : new TerminalError(said, { code });
  };
  return {
    log: (level, message, fields) => {
      const written = fieldsOf(fields);
      const line = { type: 'log', call, level, message: String(message).slice(0, TEXT_AT_MOST) } as const;
      say(written === undefined ? line : { ...line, fields: written });
    },
    progress: ({ fraction, message }) =>
      progress.give({
        ...(fraction === undefined ? {} : { fraction }),
        ...(message === undefined ? {} : { message: String(message).slice(0, TEXT_AT_MOST) }),
      }),
    usage: (usage) => say({ type: 'usage', call, usage }),
    putArtifact: async (content, { name, mediaType }) => {
      if (content.byteLength > maxArtifactBytes) {
        throw new TerminalError(`The artifact has ${content.byteLength} bytes; at most ${maxArtifactBytes} are kept.`, {
          code: 'artifact_too_large',
        });
      }
      const { buffer, byteOffset, byteLength } = content;
      const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
      const answer = await ask({ type: 'put', name, mediaType, content: base64 });
      return (answer as { ref: ArtifactRef }).ref;
    },
    getArtifact: async (id) => {
      const { content } = (await ask({ type: 'get', id })) as { content: string | null };
      return content === null ? undefined : Buffer.from(content, 'base64');
    },
    getCredential: async (name) => {
      const { secret } = (await ask({ type: 'credential', name })) as { secret: string | null };
      return secret ?? undefined;
    },
    answer: (request, answer) => {
      waiting.get(request)?.(answer);
      waiting.delete(request);
    },
    close: () => {
      progress.flush();
      isOpen = false;
    },
  };
}

/** A log line is not worth a failure: fields that cannot be written or are too long are left out. */
function fieldsOf(fields: JsonObject | undefined): JsonObject | undefined {
  if (fields === undefined) return undefined;
  try {
    const text = JSON.stringify(fields);
    return text.length <= SMALL_AT_MOST / 8 ? fields : { dropped: `fields of ${text.length} characters` };
  } catch {
    return { dropped: 'fields that cannot be written as JSON' };
  }
}
