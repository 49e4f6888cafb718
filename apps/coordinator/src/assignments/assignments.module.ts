import { Module } from '@nestjs/common';
import { ASSIGNMENT_VERIFIER } from '#auth';
import { AssignmentTokensService } from './assignment-tokens.service.js';
import { SecretsRepository } from './secrets.repository.js';
import { SharedSecretsService } from './shared-secrets.service.js';

@Module({
  providers: [
    SecretsRepository,
    SharedSecretsService,
    AssignmentTokensService,
    { provide: ASSIGNMENT_VERIFIER, useExisting: AssignmentTokensService },
  ],
  exports: [AssignmentTokensService, ASSIGNMENT_VERIFIER, SharedSecretsService],
})
export class AssignmentsModule {}
