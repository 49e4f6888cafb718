import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Logger } from '#http';
import { AccessGuard } from './access.guard.js';
import { ASSIGNMENT_VERIFIER } from './assignment-verifier.js';
import type { AssignmentVerifier } from './assignment-verifier.js';
import type { AuthRules } from './auth-rules.js';
import { BearerAuthentication } from './bearer-authentication.js';

/** Guards every route of an app. */
@Module({})
export class AuthModule {
  /** @param imports modules that export what provides ASSIGNMENT_VERIFIER, in a service that hands out assignments */
  static of(rules: AuthRules, logger: Logger, imports: Type[] = []): DynamicModule {
    return {
      module: AuthModule,
      imports,
      providers: [
        {
          provide: APP_GUARD,
          useFactory: (assignments?: AssignmentVerifier) =>
            new AccessGuard(rules, new BearerAuthentication(rules, logger), assignments),
          inject: [{ token: ASSIGNMENT_VERIFIER, optional: true }],
        },
      ],
    };
  }
}
