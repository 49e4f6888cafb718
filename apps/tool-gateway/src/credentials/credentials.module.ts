import { Module } from '@nestjs/common';
import { CredentialsApi } from '#contract';
import { SecretBoxModule } from '../secret-box/secret-box.module.js';
import { CredentialVersionsController } from './credential-versions.controller.js';
import { CredentialVersionsService } from './credential-versions.service.js';
import { CredentialsController } from './credentials.controller.js';
import { CredentialsRepository } from './credentials.repository.js';
import { CredentialsService } from './credentials.service.js';

@Module({
  imports: [SecretBoxModule],
  controllers: [CredentialsController, CredentialVersionsController],
  providers: [
    CredentialsRepository,
    CredentialVersionsService,
    CredentialsService,
    { provide: CredentialsApi, useExisting: CredentialsService },
  ],
  exports: [CredentialsService, CredentialsApi],
})
export class CredentialsModule {}
