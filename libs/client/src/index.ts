export { ToolGatewayClient } from './tool-gateway/tool-gateway.client.js';
export type {
  JobOptions,
  ProxyMetadata,
  ProxyOptions,
  RequestOptions,
  ToolGatewayClientOptions,
  WaitForJobOptions,
} from './tool-gateway/tool-gateway-options.js';
export type { Job, JobStatus } from './tool-gateway/jobs.js';
export type { Permission, TokenOptions } from './tool-gateway/agent-tokens.js';
export { generateAgentKey } from './tool-gateway/agent-key.js';
export type {
  AgentCryptoKey,
  AgentJwk,
  AgentKeyAlgorithm,
  AgentPrivateKey,
  GeneratedAgentKey,
} from './tool-gateway/agent-key.js';
export {
  GatewayAuthError,
  GatewayError,
  GatewayNetworkError,
  GatewayPolicyError,
  GatewayRateLimitError,
  GatewayTimeoutError,
  GatewayTokenError,
  GatewayUpstreamError,
} from './tool-gateway/gateway-errors.js';
export type { GatewayErrorDetails } from './tool-gateway/gateway-errors.js';
export { contentIdempotencyKey, generateIdempotencyKey } from './tool-gateway/idempotency-keys.js';

export { ArpClient } from './suite/arp.client.js';
export type { ArpClientOptions } from './suite/arp.client.js';
export type { Runs, StartRunOptions, WaitOptions } from './suite/runs.js';
export type { Approvals, DecisionOptions } from './suite/approvals.js';
export type { ArpRequestOptions } from './suite/connection.js';
export type { RunEventsOptions } from './suite/run-events.js';
export type {
  Approval,
  ApprovalFilter,
  ApprovalState,
  ConstraintEnvelope,
  NodeRun,
  NodeRunFilter,
  NodeRunState,
  NodeType,
  NodeTypeRef,
  Page,
  Run,
  RunContext,
  RunEvent,
  RunEventType,
  RunFilter,
  RunStartRequest,
  RunState,
} from './suite/records.js';
export {
  ArpAuthError,
  ArpConflictError,
  ArpError,
  ArpInvalidRequestError,
  ArpNetworkError,
  ArpNotFoundError,
  ArpOverloadedError,
  ArpTimeoutError,
  ArpTokenError,
} from './suite/arp-errors.js';
export type { ArpErrorDetails } from './suite/arp-errors.js';

export { staticToken } from './tokens/token-provider.js';
export type { TokenProvider } from './tokens/token-provider.js';
export { clientCredentials, deviceFlow } from './tokens/oauth.js';
export type { ClientCredentialsOptions, DeviceFlowOptions, DevicePrompt, OAuthOptions } from './tokens/oauth.js';

export { createMockGateway } from './mock/mock-gateway.js';
export type { MockGateway, MockGatewayOptions } from './mock/mock-gateway.js';
export type { MockTool } from './mock/default-tools.js';
export type { MockNode } from './mock/mock-runs.js';
export type { MockCall, MockFailure } from './mock/mock-tools.js';

export { extractCorrelationId, generateCorrelationId } from './transport/correlation.js';
export type { HeadersLike } from './transport/correlation.js';
export type { ClientLogEntry, ClientLogger, FetchLike, RetryOptions } from './transport/transport.js';
