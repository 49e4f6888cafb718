import type { CanActivate, ExecutionContext, OnModuleDestroy } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError, PERMISSIONS } from '#contract';
import type { Permission, Principal } from '#contract';
import { ACCESS, setPrincipal, TAKES_ASSIGNMENT } from '#http';
import type { AssignmentVerifier } from './assignment-verifier.js';
import type { AuthRules } from './auth-rules.js';
import { readBearer } from './bearer.js';
import type { BearerAuthentication } from './bearer-authentication.js';
import { ANONYMOUS, permissionsOf } from './grants.js';
import { ownerOf } from './reach.js';

/** Lets a request pass whose caller is known and has the permission of its route; tells the request context who it is. */
export class AccessGuard implements CanActivate, OnModuleDestroy {
  private readonly reflector = new Reflector();
  private readonly dev: Principal;
  private readonly anonymous: Principal;

  constructor(
    private readonly rules: AuthRules,
    private readonly bearer: BearerAuthentication,
    private readonly assignments: AssignmentVerifier | undefined,
  ) {
    this.dev = { subject: rules.devSubject, permissions: new Set(PERMISSIONS) };
    const subject = rules.anonymousSubject;
    this.anonymous = { subject, owner: ownerOf({ subject }), permissions: permissionsOf([ANONYMOUS], rules.grants) };
  }

  /** @throws AppError unauthorized, forbidden, identity_provider_unavailable; database_unavailable for an assignment token */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (this.metadata(ACCESS, context) === 'unguarded') {
      setPrincipal(request, this.anonymous);
      return true;
    }
    const assigned = await this.assignee(context, request);
    if (assigned !== undefined) {
      setPrincipal(request, assigned);
      return true;
    }
    if (this.rules.mode === 'disabled') {
      setPrincipal(request, this.dev);
      return true;
    }
    if (this.rules.exemptPaths.has(request.url.split('?', 1)[0] ?? '')) {
      setPrincipal(request, this.anonymous);
      return true;
    }
    const principal = await this.authenticate(context, request);
    this.authorize(context, principal);
    setPrincipal(request, principal);
    return true;
  }

  onModuleDestroy(): void {
    this.bearer.close();
  }

  /** Who reports with an assignment token, on a route that takes one; in every mode, since it says what may be reported on. */
  private async assignee(context: ExecutionContext, request: FastifyRequest): Promise<Principal | undefined> {
    if (this.assignments === undefined || this.metadata(TAKES_ASSIGNMENT, context) !== true) return undefined;
    const bearer = readBearer(request);
    if (bearer.kind !== 'token') return undefined;
    const assignment = await this.assignments.verify(bearer.token);
    if (assignment === 'not_ours') return undefined;
    if (assignment === 'expired') throw unauthorized('invalid_token', 'The assignment token has expired.');
    if (assignment === 'forged') {
      throw unauthorized('invalid_token', 'The assignment token is not one that this coordinator issued.');
    }
    const subject = `node-run:${assignment.nodeRunId}`;
    return { subject, owner: ownerOf({ subject }), assignment };
  }

  private authenticate(context: ExecutionContext, request: FastifyRequest): Promise<Principal> | Principal {
    const { kind } = readBearer(request);
    if (kind === 'malformed') throw unauthorized('invalid_request', 'Invalid Authorization header');
    if (kind === 'token') return this.bearer.authenticate(context);
    if (this.rules.mode === 'optional') return this.anonymous;
    throw missingToken();
  }

  private authorize(context: ExecutionContext, principal: Principal): void {
    const access = this.metadata(ACCESS, context) as Permission | 'public' | 'unguarded' | undefined;
    if (access === 'public' || access === 'unguarded') return;
    if (access !== undefined && principal.permissions?.has(access) === true) return;
    // Nobody is asked to log in who did; who did not may have the permission once he does.
    if (principal === this.anonymous) throw missingToken();
    throw new AppError('forbidden', access === undefined ? {} : { details: { required_permission: access } });
  }

  private metadata(key: string, context: ExecutionContext): unknown {
    return this.reflector.get<unknown>(key, context.getHandler());
  }
}

function missingToken(): AppError {
  return unauthorized('invalid_request', 'Missing Authorization header');
}

function unauthorized(error: 'invalid_request' | 'invalid_token', message: string): AppError {
  return new AppError('unauthorized', { message, details: { error } });
}
