import { Module } from '@nestjs/common';
import { AuthenticationModule } from '../authentication/authentication.module.js';
import { JobSubmissionService } from './job-submission.service.js';
import { JobsController } from './jobs.controller.js';
import { JobsRepository } from './jobs.repository.js';
import { JobsService } from './jobs.service.js';

@Module({
  imports: [AuthenticationModule],
  controllers: [JobsController],
  providers: [JobsRepository, JobSubmissionService, JobsService],
  exports: [JobsService],
})
export class JobsModule {}
