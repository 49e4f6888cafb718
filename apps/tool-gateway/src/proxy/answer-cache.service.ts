import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import { StartupError } from '#http';
import type { ToolAction } from '../tools/tool-action.js';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_BYTES_EACH = 1024 * 1024;
const ENTRY = /^([^:\s]+):(\d{1,6})$/;

/** Whose answer to what. */
export interface CachedCall {
  readonly agentId: string;
  readonly action: ToolAction;
  readonly params: Record<string, unknown>;
  /** What it may reach: an answer from elsewhere is not given when policies have come to narrow this. */
  readonly egress: unknown;
}

/**
 * Answers of reading actions, as the upstream gave them: filters are applied to what comes out, as they are then. Never shared between
 * agents.
 */
@Injectable()
export class AnswerCacheService {
  private readonly secondsByTool: ReadonlyMap<string, number>;
  private readonly answers = new LRUCache<string, string>({
    maxSize: MOST_BYTES,
    maxEntrySize: MOST_BYTES_EACH,
    sizeCalculation: (text, key) => text.length + key.length,
  });

  constructor(@Inject(TOOL_GATEWAY_OPTIONS) { cacheSeconds }: ToolGatewayOptions) {
    this.secondsByTool = new Map(cacheSeconds.map(readEntry));
  }

  find(call: CachedCall): Record<string, unknown> | undefined {
    if (this.secondsFor(call.action) === 0) return undefined;
    const text = this.answers.get(keyOf(call));
    return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
  }

  keep(call: CachedCall, data: Record<string, unknown>): void {
    const seconds = this.secondsFor(call.action);
    if (seconds > 0) this.answers.set(keyOf(call), JSON.stringify(data), { ttl: seconds * 1_000 });
  }

  private secondsFor({ tool, sideEffect }: ToolAction): number {
    return sideEffect === 'read' ? (this.secondsByTool.get(tool) ?? 0) : 0;
  }
}

function keyOf({ agentId, action, params, egress }: CachedCall): string {
  const facts = [agentId, action.tool, action.action, action.nodeType.version, params, egress ?? null];
  return createHash('sha256').update(stringify(facts)).digest('base64url');
}

function readEntry(entry: string): [string, number] {
  const [, tool, seconds] = ENTRY.exec(entry) ?? [];
  if (tool === undefined) {
    throw new StartupError(`JARVIS_TOOL_CACHE_SECS: ${JSON.stringify(entry)} is not of the form tool:seconds.`);
  }
  return [tool, Number(seconds)];
}
