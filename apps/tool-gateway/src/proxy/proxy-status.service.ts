import { Injectable } from '@nestjs/common';
import { ownerBorder } from '#auth';
import type { RequestContext } from '#contract';
import { CredentialsService } from '../credentials/credentials.service.js';
import { ToolCatalogueService } from '../tools/tool-catalogue.service.js';
import type { ProxyStatus } from './proxy-answer.js';

@Injectable()
export class ProxyStatusService {
  constructor(
    private readonly catalogue: ToolCatalogueService,
    private readonly credentials: CredentialsService,
  ) {}

  /** @throws AppError atomic_executor_unavailable, database_unavailable */
  async read(ctx: RequestContext): Promise<ProxyStatus> {
    const [actions, credentials] = await Promise.all([
      this.catalogue.list(ctx),
      this.credentials.configuredTools(ownerBorder(ctx.principal) ?? null),
    ]);
    const available: Record<string, string[]> = {};
    const configured: Record<string, boolean> = {};
    for (const { tool, action, credentials: needed } of actions) {
      available[tool] = [...(available[tool] ?? []), action];
      configured[tool] = (configured[tool] ?? true) && needed.every((name) => credentials.includes(name));
    }
    return {
      status: 'operational',
      timestamp: new Date().toISOString(),
      configured_tools: configured,
      available_actions: available,
    };
  }
}
