import { Module } from '@nestjs/common';
import { AuthenticationModule } from '../authentication/authentication.module.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { ToolPoliciesModule } from '../policies/tool-policies.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { AdmissionService } from './admission.service.js';
import { AnswerCacheService } from './answer-cache.service.js';
import { AnswersRepository } from './answers.repository.js';
import { CallLogRepository } from './call-log.repository.js';
import { CallLogService } from './call-log.service.js';
import { IdempotencyService } from './idempotency.service.js';
import { ProxyController } from './proxy.controller.js';
import { ProxyService } from './proxy.service.js';
import { ProxyStatusService } from './proxy-status.service.js';
import { RateLimitService } from './rate-limit.service.js';
import { ReadinessController } from './readiness.controller.js';
import { RemainsRepository } from './remains.repository.js';
import { RetentionService } from './retention.service.js';
import { ToolCallsService } from './tool-calls.service.js';
import { ToolExecutionService } from './tool-execution.service.js';
import { ToolGuardsService } from './tool-guards.service.js';

@Module({
  imports: [AuthenticationModule, ToolsModule, ToolPoliciesModule, CredentialsModule, JobsModule],
  controllers: [ProxyController, ReadinessController],
  providers: [
    AnswersRepository,
    CallLogRepository,
    RemainsRepository,
    AdmissionService,
    AnswerCacheService,
    CallLogService,
    IdempotencyService,
    ProxyService,
    ProxyStatusService,
    RateLimitService,
    RetentionService,
    ToolCallsService,
    ToolExecutionService,
    ToolGuardsService,
  ],
})
export class ProxyModule {}
