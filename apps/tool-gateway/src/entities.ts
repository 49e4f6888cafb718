import { ToolAgentEntity } from './tables/tool-agent.entity.js';
import { ToolAgentKeyEntity } from './tables/tool-agent-key.entity.js';
import { ToolAnswerEntity } from './tables/tool-answer.entity.js';
import { ToolCallEntity } from './tables/tool-call.entity.js';
import { ToolCredentialEntity } from './tables/tool-credential.entity.js';
import { ToolJobEntity } from './tables/tool-job.entity.js';
import { ToolPolicyEntity } from './tables/tool-policy.entity.js';
import { ToolPolicyDecisionEntity } from './tables/tool-policy-decision.entity.js';
import { ToolQuotaUseEntity } from './tables/tool-quota-use.entity.js';
import { ToolRateLimitEntity } from './tables/tool-rate-limit.entity.js';
import { ToolSigningKeyEntity } from './tables/tool-signing-key.entity.js';
import { ToolTokenEntity } from './tables/tool-token.entity.js';
import { ToolUsedIdEntity } from './tables/tool-used-id.entity.js';

/** Every table of the tool gateway. */
export const TOOL_GATEWAY_ENTITIES = [
  ToolAgentEntity,
  ToolAgentKeyEntity,
  ToolSigningKeyEntity,
  ToolTokenEntity,
  ToolUsedIdEntity,
  ToolPolicyEntity,
  ToolPolicyDecisionEntity,
  ToolQuotaUseEntity,
  ToolCredentialEntity,
  ToolCallEntity,
  ToolJobEntity,
  ToolAnswerEntity,
  ToolRateLimitEntity,
];
