import type { ToolCallEntity } from '../tables/tool-call.entity.js';
import type { CallLog } from './proxy-answer.js';

/** With the field names of the original gateway. */
export function presentCallLog(calls: readonly ToolCallEntity[], now: Date): CallLog {
  const logs = calls.map((call) => ({
    id: call.call_id,
    corrId: call.correlation_id,
    agentId: call.agent_id,
    tool: call.tool,
    action: call.action,
    responseTime: call.duration_ms,
    statusCode: call.status,
    success: call.status < 400,
    ...(call.code === null ? {} : { errorMessage: call.code }),
    cached: call.cached,
    ...(call.job_id === null ? {} : { jobId: call.job_id }),
    createdAt: call.at.toISOString(),
  }));
  return { logs, total: logs.length, timestamp: now.toISOString() };
}
