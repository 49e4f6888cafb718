import { Inject, Injectable, Optional } from '@nestjs/common';
import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import type { AssignmentRefusal, AssignmentVerifier } from '#auth';
import type { Assignment } from '#contract';
import { SharedSecretsService } from './shared-secrets.service.js';

/** Injection token of the secret that the settings give; undefined: the one of the database is used. */
export const ASSIGNMENT_SECRET = Symbol('assignment secret');

const TYPE = 'arp-assignment+jwt';
const ISSUER = 'arp-run-coordinator';
const ALGORITHM = 'HS256';
const SECRET_NAME = 'assignment_tokens';

/**
 * Issues and checks the tokens with which composite executors report on what they were handed: JWTs, signed with HS256, which every
 * coordinator of the same database accepts.
 */
@Injectable()
export class AssignmentTokensService implements AssignmentVerifier {
  private key: Promise<KeyObject> | undefined;

  constructor(
    private readonly secrets: SharedSecretsService,
    @Optional() @Inject(ASSIGNMENT_SECRET) private readonly givenSecret: string | undefined,
  ) {}

  /**
   * @param assignment `ttlMs`: how long the token is accepted, in milliseconds, rounded up to seconds
   * @throws AppError database_unavailable when the secret is not known yet and cannot be read
   */
  async issue({ runId, nodeRunId, epoch, ttlMs }: Assignment & { readonly ttlMs: number }): Promise<string> {
    return new SignJWT({ run_id: runId, epoch })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setIssuer(ISSUER)
      .setSubject(nodeRunId)
      .setExpirationTime(Math.ceil((Date.now() + ttlMs) / 1_000))
      .sign(await this.signingKey());
  }

  /** @throws AppError database_unavailable as `issue` */
  async verify(token: string): Promise<Assignment | AssignmentRefusal> {
    if (typeOf(token) !== TYPE) return 'not_ours';
    const key = await this.signingKey();
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        typ: TYPE,
        requiredClaims: ['sub', 'exp'],
      });
      const { sub, run_id: runId, epoch } = payload;
      if (sub === undefined || typeof runId !== 'string' || typeof epoch !== 'number') return 'forged';
      return { runId, nodeRunId: sub, epoch };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'expired';
      if (error instanceof errors.JOSEError) return 'forged';
      throw error;
    }
  }

  /** Read once; after a failure again. */
  private signingKey(): Promise<KeyObject> {
    this.key ??= this.readSecret().then(
      (secret) => createSecretKey(secret, 'utf8'),
      (error: unknown) => {
        this.key = undefined;
        throw error;
      },
    );
    return this.key;
  }

  private async readSecret(): Promise<string> {
    return this.givenSecret ?? (await this.secrets.secret(SECRET_NAME));
  }
}

/** The `typ` of a JWS, without looking at its signature; undefined when it is none. */
function typeOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token)
      .typ?.toLowerCase()
      .replace(/^application\//, '');
  } catch {
    return undefined;
  }
}
