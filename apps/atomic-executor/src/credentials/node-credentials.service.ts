import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RetryableError, TerminalError } from '@arp-jarvis/node-pack-sdk';
import type { CredentialsApi, RequestContext } from '#contract';
import { detached, LOGGER } from '#http';
import type { Logger } from '#http';
import type { LoadedPack } from '#node-pack-loader';
import { mayReadCredential } from '../node-packs/grants.js';
import type { readGrants } from '../node-packs/grants.js';
import { PACK_GRANTS } from '../node-packs/node-packs.service.js';

/** Injection token of where credentials are; undefined: nowhere. */
export const CREDENTIALS = Symbol('credentials');

/** Which credential a handler asks for. */
export interface CredentialRequest {
  readonly pack: LoadedPack['pack'];
  readonly name: string;
  readonly runId: string;
  /** Of the run; undefined without authentication. */
  readonly owner: string | undefined;
}

const KEPT_MS = 10_000;
const KEPT_AT_MOST = 1_000;
/** Runs of the tool gateway belong to the owner of an agent, whatever their context says. */
const OF_THE_TOOL_GATEWAY = /^(?:job|call)_/;

/** The credentials that handlers read, kept for 10 s. One that is missing is asked for again at once: somebody may just have stored it. */
@Injectable()
export class NodeCredentials {
  private readonly kept = new LRUCache<string, string>({ max: KEPT_AT_MOST, ttl: KEPT_MS });

  constructor(
    @Inject(CREDENTIALS) private readonly credentials: CredentialsApi | undefined,
    @Inject(PACK_GRANTS) private readonly grants: ReturnType<typeof readGrants>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @returns undefined when there is none
   * @throws TerminalError credential_not_granted, credential_missing
   * @throws RetryableError credential_store_unavailable
   */
  async read(ctx: RequestContext, request: CredentialRequest): Promise<string | undefined> {
    const { pack, name, runId, owner } = request;
    if (!mayReadCredential(this.grants, pack, name)) {
      throw new TerminalError(
        `The node pack ${pack.packId} may not read the credential ${name}. The operator can grant it: ${pack.packId}:credential:${name} in JARVIS_NODEPACK_GRANTS.`,
        { code: 'credential_not_granted' },
      );
    }
    if (this.credentials === undefined) {
      throw new TerminalError(
        `There is no credential ${name}: this executor knows no tool gateway that keeps any. Set JARVIS_TOOL_GATEWAY_URL.`,
        { code: 'credential_missing' },
      );
    }
    const key = JSON.stringify([name, owner ?? null, OF_THE_TOOL_GATEWAY.test(runId) ? runId : null]);
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const query = { name, run_id: runId, ...(owner === undefined ? {} : { owner }) };
    const secret = await this.ask(this.credentials, ctx, query);
    if (secret !== undefined) this.kept.set(key, secret);
    return secret;
  }

  private async ask(
    credentials: CredentialsApi,
    ctx: RequestContext,
    query: Parameters<CredentialsApi['readCredential']>[1],
  ): Promise<string | undefined> {
    try {
      return (await credentials.readCredential(detached(ctx), query))?.secret;
    } catch (error) {
      this.logger.warn({ err: error, credential: query.name }, 'a credential could not be read');
      throw new RetryableError(`The credential ${query.name} cannot be read now: the tool gateway does not answer.`, {
        code: 'credential_store_unavailable',
        cause: error,
      });
    }
  }
}
