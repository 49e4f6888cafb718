import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { ToolGuard } from './tool-guard.js';

const MOST_GUARDS = 20_000;
const IDLE_MS = 3_600_000;

/** The guards of this process, by agent and tool. Those that nobody used for a while are dropped. */
@Injectable()
export class ToolGuardsService {
  private readonly guards: LRUCache<string, ToolGuard>;

  constructor(@Inject(TOOL_GATEWAY_OPTIONS) private readonly options: ToolGatewayOptions) {
    const longest = 2 * Math.max(options.breaker.openMs, options.callTimeoutMs);
    this.guards = new LRUCache({ max: MOST_GUARDS, ttl: Math.max(IDLE_MS, longest), updateAgeOnGet: true });
  }

  of(agentId: string, tool: string): ToolGuard {
    const key = JSON.stringify([agentId, tool]);
    const known = this.guards.get(key);
    if (known !== undefined) return known;
    const guard = new ToolGuard(this.options);
    this.guards.set(key, guard);
    return guard;
  }
}
