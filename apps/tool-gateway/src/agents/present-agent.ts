import type { ToolAgentKeyEntity } from '../tables/tool-agent-key.entity.js';
import type { ToolAgentEntity } from '../tables/tool-agent.entity.js';
import type { Agent } from './agent.js';

/** An agent with its keys. */
export interface AgentWithKeys {
  readonly agent: ToolAgentEntity;
  readonly keys: readonly ToolAgentKeyEntity[];
}

/** An agent as it goes over the wire. */
export function presentAgent({ agent, keys }: AgentWithKeys): Agent {
  return {
    agent_id: agent.agent_id,
    name: agent.name,
    role: agent.role,
    status: agent.status,
    ...(agent.created_by === null ? {} : { created_by: agent.created_by }),
    created_at: agent.created_at.toISOString(),
    updated_at: agent.updated_at.toISOString(),
    keys: keys.map(({ key_id, algorithm, public_jwk, created_at }) => ({
      key_id,
      algorithm,
      public_jwk,
      created_at: created_at.toISOString(),
    })),
  };
}
