import { QueryReader } from '#http';
import type { ListingQuery, QueryParameter } from '#http';

const MOST_CALLS = 100;
const DEFAULT_CALLS = 20;

/** What `GET /api/proxy/logs` was asked for. */
export interface CallLogOptions {
  /** Absent: any. */
  readonly agentId?: string;
  /** From 1 to 100. */
  readonly limit: number;
}

/** The query parameters of `GET /api/proxy/logs`. */
export const CALL_LOG_PARAMETERS: readonly QueryParameter[] = [
  { name: 'agent_id', description: 'Only calls of this agent.', schema: { type: 'string' } },
  {
    name: 'limit',
    description: 'At most this many, the newest.',
    schema: { type: 'integer', minimum: 1, maximum: MOST_CALLS, default: DEFAULT_CALLS },
  },
];

/** @throws AppError invalid_request naming each bad parameter */
export function readCallLogQuery(query: ListingQuery): CallLogOptions {
  const reader = new QueryReader(query, CALL_LOG_PARAMETERS);
  const agentId = reader.text('agent_id');
  const limit = reader.pageSize(MOST_CALLS) ?? DEFAULT_CALLS;
  return { ...reader.done({ agentId }), limit };
}
