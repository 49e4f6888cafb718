import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { randomUUID } from 'node:crypto';
import passport from 'passport';
import { Strategy } from 'passport-jwt';
import type { VerifiedCallback } from 'passport-jwt';
import type { FastifyRequest } from 'fastify';
import { AppError } from '#contract';
import type { Principal } from '#contract';
import type { Logger } from '#http';
import type { AuthRules } from './auth-rules.js';
import { readBearer } from './bearer.js';
import { KeySource } from './key-source.js';
import { checkClaims, checkHeader, TokenRefusedError } from './token-checks.js';
import { principalOf } from './token-principal.js';

/** Tells who holds the bearer token of a request: passport-jwt verifies it with the keys of the issuer. */
export class BearerAuthentication {
  /** Passport has one list of strategies per process, and a process may have several apps. */
  private readonly name = `arp-bearer-${randomUUID()}`;
  private readonly guard = new (AuthGuard(this.name))();
  private readonly keys: KeySource;

  constructor(
    private readonly rules: Pick<AuthRules, 'tokens' | 'grants'>,
    private readonly logger: Logger,
  ) {
    this.keys = new KeySource(rules.tokens, logger);
    passport.use(this.name, this.strategy());
    // Instead of its UnauthorizedException, which forgets why.
    this.guard.handleRequest = <T>(error: unknown, user: T, info: unknown): T => {
      if (user) return user;
      throw this.refusalOf(error ?? info);
    };
  }

  /** @throws AppError unauthorized, identity_provider_unavailable */
  async authenticate(context: ExecutionContext): Promise<Principal> {
    await this.guard.canActivate(context);
    const request = context.switchToHttp().getRequest<{ user?: Principal }>();
    const principal = request.user;
    // It holds the token; who needs it has it from the request context.
    delete request.user;
    if (principal === undefined) throw new Error('passport let a request pass without a user');
    return principal;
  }

  /** Forgets the strategy. */
  close(): void {
    passport.unuse(this.name);
  }

  private strategy(): Strategy {
    const { issuer, audiences, algorithms, clockSkewSeconds } = this.rules.tokens;
    return new Strategy(
      {
        jwtFromRequest: tokenOf,
        secretOrKeyProvider: (_request: FastifyRequest, token: string, done) => {
          // A failure inside of `done` comes back here, and must not be lost.
          this.keyFor(token)
            .then((key) => done(null, key))
            .catch((error: unknown) => done(error));
        },
        algorithms: [...algorithms],
        issuer,
        audience: [...audiences],
        jsonWebTokenOptions: { clockTolerance: clockSkewSeconds },
        passReqToCallback: true,
      },
      (request: FastifyRequest, payload: unknown, done: VerifiedCallback) => {
        try {
          done(null, principalOf(checkClaims(payload), tokenOf(request) ?? '', this.rules));
        } catch (error) {
          done(error);
        }
      },
    );
  }

  private async keyFor(token: string): Promise<string> {
    const { alg, kid } = checkHeader(token, this.rules.tokens);
    const key = await this.keys.keyOf(kid);
    if (key === undefined) throw new TokenRefusedError('the issuer has no key with its kid');
    if (key.alg !== undefined && key.alg !== alg) throw new TokenRefusedError('its key is for another algorithm');
    return key.publicKey;
  }

  /** What the caller is told, in the words of the reference. */
  private refusalOf(error: unknown): unknown {
    if (error instanceof AppError) return error;
    const refused = error instanceof TokenRefusedError ? error : fromJsonWebToken(error);
    if (refused === undefined) return error;
    this.logger.info({ reason: refused.reason }, 'a token was refused');
    return new AppError('unauthorized', { message: refused.message, details: { error: 'invalid_token' } });
  }
}

function tokenOf(request: FastifyRequest): string | null {
  const bearer = readBearer(request);
  return bearer.kind === 'token' ? bearer.token : null;
}

/** jsonwebtoken tells its refusals apart by name and sentence only. Its sentences have no part of the token. */
function fromJsonWebToken(error: unknown): TokenRefusedError | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'TokenExpiredError') return new TokenRefusedError('it has expired', 'Token expired');
  if (error.name === 'NotBeforeError') return new TokenRefusedError('it is not valid yet (nbf)');
  // Of a payload that is no JSON; its sentence would quote the payload.
  if (error.name === 'SyntaxError') return new TokenRefusedError('its payload is no JSON');
  if (error.name !== 'JsonWebTokenError') return undefined;
  if (error.message.startsWith('jwt audience invalid')) {
    return new TokenRefusedError('its aud names none of our audiences', 'Invalid token audience');
  }
  if (error.message.startsWith('jwt issuer invalid')) {
    return new TokenRefusedError('its iss is not ARP_AUTH_ISSUER', 'Invalid token issuer');
  }
  return new TokenRefusedError(error.message);
}
