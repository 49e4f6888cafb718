import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#contract';
import { ToolCatalogueService } from '../tools/tool-catalogue.service.js';
import type { ProxyStatus } from './proxy-answer.js';

@Injectable()
export class ProxyStatusService {
  constructor(private readonly catalogue: ToolCatalogueService) {}

  /** @throws AppError atomic_executor_unavailable, database_unavailable */
  async read(ctx: RequestContext): Promise<ProxyStatus> {
    const actions = await this.catalogue.list(ctx);
    const credentials: string[] = [];
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
