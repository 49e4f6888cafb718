import { TerminalError } from '@arp-jarvis/node-pack-sdk';
import type { ArtifactRef, Progress } from '@arp-jarvis/node-pack-sdk';
import type { CallPorts, StopReason } from '@arp-jarvis/node-pack-sdk/runtime';
import { ownerOfRun } from '#auth';
import type { AtomicExecuteRequest, AtomicExecuteResult, AtomicNodeRun } from '#contract';
import type { Logger } from '#http';
import type { ArtifactsService } from '../artifacts/artifacts.service.js';

const ARTIFACTS_AT_MOST = 256;
const ARTIFACT_BYTES_AT_MOST = 512 * 1_024 * 1_024;

/** A node run that waits for a place or is at work. */
export class RunningNodeRun {
  readonly receivedAt = new Date();
  /** Of its run; undefined without authentication. */
  readonly owner: string | undefined;
  /** When its handler began; until then when it was received. */
  startedAt = this.receivedAt;
  readonly artifacts: ArtifactRef[] = [];
  /** Set by whoever runs it; what it gives never rejects but with execution_overloaded. */
  result!: Promise<AtomicExecuteResult>;
  private readonly stopping = new AbortController();
  private artifactsPut = 0;
  private artifactBytes = 0;
  private state: AtomicNodeRun['state'] = 'queued';
  private progress: AtomicNodeRun['progress'];

  constructor(readonly request: AtomicExecuteRequest) {
    this.owner = ownerOfRun(request.run_context);
  }

  /** Fires with a StopReason. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  begin(): void {
    this.state = 'running';
    this.startedAt = new Date();
  }

  stop(reason: StopReason): void {
    this.stopping.abort(reason);
  }

  /** What its handler may do to the world. */
  ports(logger: Logger, store: ArtifactsService, getCredential: CallPorts['getCredential']): CallPorts {
    const { owner } = this;
    const { run_id, node_run_id } = this.request;
    let lines: Logger | undefined;
    return {
      // Lines of a pack's process come outside of any request.
      log: (level, message, fields = {}) =>
        (lines ??= logger.child({ run_id, node_run_id }))[level]({ handler: fields }, message),
      progress: (progress) => {
        this.progress = presentProgress(progress);
      },
      putArtifact: async (content, options) => {
        this.countArtifact(content.byteLength);
        const ref = await store.put(content, options, owner);
        this.artifacts.push(ref);
        return ref;
      },
      getArtifact: (id) => store.get(id, owner),
      getCredential,
    };
  }

  /** @throws TerminalError too_many_artifacts */
  private countArtifact(bytes: number): void {
    this.artifactsPut += 1;
    this.artifactBytes += bytes;
    if (this.artifactsPut <= ARTIFACTS_AT_MOST && this.artifactBytes <= ARTIFACT_BYTES_AT_MOST) return;
    throw new TerminalError(
      `A node run keeps at most ${ARTIFACTS_AT_MOST} artifacts, of ${ARTIFACT_BYTES_AT_MOST} bytes in all.`,
      { code: 'too_many_artifacts' },
    );
  }

  present(): AtomicNodeRun {
    const { node_run_id, run_id, node_type_ref } = this.request;
    return {
      node_run_id,
      run_id,
      node_type_ref,
      state: this.state,
      received_at: this.receivedAt.toISOString(),
      ...(this.progress === undefined ? {} : { progress: this.progress }),
    };
  }
}

/** A handler may say anything. */
function presentProgress({ fraction, message }: Progress): NonNullable<AtomicNodeRun['progress']> {
  return {
    ...(typeof fraction === 'number' && Number.isFinite(fraction)
      ? { fraction: Math.min(1, Math.max(0, fraction)) }
      : {}),
    ...(typeof message === 'string' ? { message: message.slice(0, 500) } : {}),
    time: new Date().toISOString(),
  };
}
