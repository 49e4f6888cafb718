import { Module } from '@nestjs/common';
import { ASSIGNMENT_VERIFIER } from '#auth';
import { AssignmentTokensService } from './assignment-tokens.service.js';
import { SecretsRepository } from './secrets.repository.js';

@Module({
  providers: [
    SecretsRepository,
    AssignmentTokensService,
    { provide: ASSIGNMENT_VERIFIER, useExisting: AssignmentTokensService },
  ],
  exports: [AssignmentTokensService, ASSIGNMENT_VERIFIER, SecretsRepository],
})
export class AssignmentsModule {}
