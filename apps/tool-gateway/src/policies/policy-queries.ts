import { QueryReader } from '#http';
import type { ListingQuery, QueryParameter } from '#http';

const MOST_DECISIONS = 100;
const DEFAULT_DECISIONS = 50;
const TRUE_OR_FALSE = ['true', 'false'] as const;

/** What `GET /api/policies` was asked for; absent: any. */
export interface PolicyListOptions {
  readonly agentId?: string;
  readonly role?: string;
  readonly active?: boolean;
}

/** What `GET /api/policy-logs` was asked for; absent: any. */
export interface DecisionListOptions {
  readonly policyId?: string;
  readonly agentId?: string;
  /** From 1 to 100. */
  readonly limit: number;
}

/** The query parameters of `GET /api/policies`. */
export const POLICY_LIST_PARAMETERS: readonly QueryParameter[] = [
  { name: 'agentId', description: 'Only policies of this agent, not those of its role.', schema: { type: 'string' } },
  { name: 'role', description: 'Only policies of this role.', schema: { type: 'string' } },
  {
    name: 'active',
    description: 'Only active policies, or only those that are not.',
    schema: { type: 'string', enum: [...TRUE_OR_FALSE] },
  },
];

/** The query parameters of `GET /api/policy-logs`. */
export const DECISION_LIST_PARAMETERS: readonly QueryParameter[] = [
  { name: 'policyId', description: 'Only decisions to which this policy belonged.', schema: { type: 'string' } },
  { name: 'agentId', description: 'Only decisions about calls of this agent.', schema: { type: 'string' } },
  {
    name: 'limit',
    description: 'At most this many, the newest.',
    schema: { type: 'integer', minimum: 1, maximum: MOST_DECISIONS, default: DEFAULT_DECISIONS },
  },
];

/** @throws AppError invalid_request naming each bad parameter */
export function readPolicyListQuery(query: ListingQuery): PolicyListOptions {
  const reader = new QueryReader(query, POLICY_LIST_PARAMETERS);
  const active = reader.one('active', TRUE_OR_FALSE);
  return reader.done({
    agentId: reader.text('agentId'),
    role: reader.text('role'),
    active: active === undefined ? undefined : active === 'true',
  });
}

/** @throws AppError invalid_request naming each bad parameter */
export function readDecisionListQuery(query: ListingQuery): DecisionListOptions {
  const reader = new QueryReader(query, DECISION_LIST_PARAMETERS);
  const read = { policyId: reader.text('policyId'), agentId: reader.text('agentId') };
  const limit = reader.pageSize(MOST_DECISIONS) ?? DEFAULT_DECISIONS;
  return { ...reader.done(read), limit };
}
