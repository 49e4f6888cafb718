import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { PolicyDecisionsRepository } from './policy-decisions.repository.js';
import { PolicyLogService } from './policy-log.service.js';
import { PolicySweepService } from './policy-sweep.service.js';
import { ToolPoliciesController } from './tool-policies.controller.js';
import { ToolPoliciesRepository } from './tool-policies.repository.js';
import { ToolPoliciesService } from './tool-policies.service.js';
import { ToolQuotasRepository } from './tool-quotas.repository.js';
import { ToolQuotasService } from './tool-quotas.service.js';

@Module({
  imports: [AgentsModule],
  controllers: [ToolPoliciesController],
  providers: [
    ToolPoliciesRepository,
    PolicyDecisionsRepository,
    ToolQuotasRepository,
    PolicyLogService,
    ToolPoliciesService,
    ToolQuotasService,
    PolicySweepService,
  ],
  exports: [PolicyLogService, ToolPoliciesService, ToolQuotasService],
})
export class ToolPoliciesModule {}
