import { Inject, Injectable } from '@nestjs/common';
import { ownerBorder } from '#auth';
import type { RequestContext } from '#contract';
import { Database, GroupedWrites } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import type { ToolCallEntity } from '../tables/tool-call.entity.js';
import type { CallLogOptions } from './call-log-query.js';
import { CallLogRepository } from './call-log.repository.js';

const LONGEST_NAME = 200;

/** Who called what, and how it ended; neither parameters nor answers. */
@Injectable()
export class CallLogService {
  private readonly writes = new GroupedWrites<ToolCallEntity>((calls) => this.repository.insert(this.database, calls));

  constructor(
    private readonly database: Database,
    private readonly repository: CallLogRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** A call that cannot be logged was made nevertheless. */
  async write(call: ToolCallEntity): Promise<void> {
    const named = { ...call, tool: nameOf(call.tool), action: nameOf(call.action) };
    await this.writes.write(named).catch((error: unknown) => {
      this.logger.error({ err: error, call_id: call.call_id, status: call.status }, 'a call could not be logged');
    });
  }

  /** Those that the caller may know of, newest first. */
  list({ principal }: RequestContext, { agentId, limit }: CallLogOptions): Promise<ToolCallEntity[]> {
    return this.repository.findPage(this.database, { agentId, limit, owner: ownerBorder(principal) });
  }
}

/** As the caller wrote it, but for what no column takes. */
function nameOf(text: string): string {
  return text.replaceAll('\0', '').slice(0, LONGEST_NAME);
}
