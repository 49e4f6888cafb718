import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { CredentialsApi } from '#contract';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { PACK_GRANTS } from '../node-packs/node-packs.service.js';
import type { readGrants } from '../node-packs/grants.js';
import { CREDENTIALS, NodeCredentials } from './node-credentials.service.js';

@Module({})
export class CredentialsModule {
  static of(
    credentials: CredentialsApi | undefined,
    grants: ReturnType<typeof readGrants>,
    logger: Logger,
  ): DynamicModule {
    return {
      module: CredentialsModule,
      providers: [
        { provide: CREDENTIALS, useValue: credentials },
        { provide: PACK_GRANTS, useValue: grants },
        { provide: LOGGER, useValue: logger },
        NodeCredentials,
      ],
      exports: [NodeCredentials],
    };
  }
}
