import { Module } from '@nestjs/common';
import { AssignmentTokensService } from './assignment-tokens.service.js';

@Module({ providers: [AssignmentTokensService], exports: [AssignmentTokensService] })
export class AssignmentsModule {}
