import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { TerminalError } from '@arp-jarvis/node-pack-sdk';
import type { ArtifactOptions, ArtifactRef } from '@arp-jarvis/node-pack-sdk';

/** Injection token of ArtifactLimits. */
export const ARTIFACT_LIMITS = Symbol('artifact limits');

export interface ArtifactLimits {
  /** Where they are kept; made when the first one comes. */
  readonly folder: string;
  readonly maxBytes: number;
}

const NAME_AT_MOST = 255;
const ID = /^sha256:([0-9a-f]{64})$/;

/**
 * Keeps what handlers put, by the hash of its content: the same content is kept once, and an id cannot be guessed. Beside it lies an empty
 * file for each owner whose node runs put it; for all others it does not exist.
 */
@Injectable()
export class ArtifactsService {
  constructor(@Inject(ARTIFACT_LIMITS) private readonly limits: ArtifactLimits) {}

  /**
   * @param owner of the run; undefined without authentication
   * @throws TerminalError artifact_too_large, artifact_invalid
   */
  async put(
    content: Uint8Array,
    { name, mediaType }: Required<ArtifactOptions>,
    owner: string | undefined,
  ): Promise<ArtifactRef> {
    const { maxBytes } = this.limits;
    if (content.byteLength > maxBytes) {
      throw new TerminalError(`The artifact has ${content.byteLength} bytes; at most ${maxBytes} are kept.`, {
        code: 'artifact_too_large',
      });
    }
    if (name.length > NAME_AT_MOST || mediaType.length > NAME_AT_MOST) {
      throw new TerminalError(`The name and the media type of an artifact have at most ${NAME_AT_MOST} characters.`, {
        code: 'artifact_invalid',
      });
    }
    const digest = createHash('sha256').update(content).digest('hex');
    await this.store(this.fileOf(digest), content);
    if (owner !== undefined) await this.store(this.ownerFileOf(digest, owner), new Uint8Array());
    return {
      type: 'artifact',
      id: `sha256:${digest}`,
      extensions: {
        'jarvis.artifact.name': name,
        'jarvis.artifact.media_type': mediaType,
        'jarvis.artifact.bytes': content.byteLength,
      },
    };
  }

  /**
   * @param owner for whom; undefined: for somebody who may see those of all
   * @returns undefined when there is none
   */
  async get(id: string, owner: string | undefined): Promise<Uint8Array | undefined> {
    const digest = ID.exec(id)?.[1];
    if (digest === undefined || !(await this.isOf(digest, owner))) return undefined;
    return ifThere(readFile(this.fileOf(digest)));
  }

  /** Its content as a stream, and its length in bytes; else as `get`. */
  async open(
    id: string,
    owner: string | undefined,
  ): Promise<{ readonly stream: Readable; readonly bytes: number } | undefined> {
    const digest = ID.exec(id)?.[1];
    if (digest === undefined || !(await this.isOf(digest, owner))) return undefined;
    const file = await ifThere(open(this.fileOf(digest)));
    return file && { stream: file.createReadStream(), bytes: (await file.stat()).size };
  }

  private async isOf(digest: string, owner: string | undefined): Promise<boolean> {
    return owner === undefined || (await ifThere(stat(this.ownerFileOf(digest, owner)))) !== undefined;
  }

  /** Whole or not at all, also when the process ends in between. */
  private async store(file: string, content: Uint8Array): Promise<void> {
    if ((await stat(file).catch(() => undefined))?.size === content.byteLength) return;
    await mkdir(dirname(file), { recursive: true });
    const unfinished = `${file}.${randomUUID()}`;
    try {
      await writeFile(unfinished, content, { flush: true });
      await rename(unfinished, file);
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  private fileOf(digest: string): string {
    return join(this.limits.folder, digest.slice(0, 2), digest);
  }

  /** An owner's name may be any text; its hash is a file name. */
  private ownerFileOf(digest: string, owner: string): string {
    return join(`${this.fileOf(digest)}.owners`, createHash('sha256').update(owner).digest('hex'));
  }
}

/** Undefined when there is no such file. */
async function ifThere<T>(access: Promise<T>): Promise<T | undefined> {
  try {
    return await access;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
