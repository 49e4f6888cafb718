import { Module } from '@nestjs/common';
import { AssignmentTokensService } from './assignment-tokens.service.js';
import { SecretsRepository } from './secrets.repository.js';

@Module({ providers: [SecretsRepository, AssignmentTokensService], exports: [AssignmentTokensService] })
export class AssignmentsModule {}
