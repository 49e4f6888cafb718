export { approvalsController } from './approvals.controller.js';
export { createApp } from './create-app.js';
export type { AppOptions, ServiceApp } from './create-app.js';
export { detached } from './detached-context.js';
export { ACCESS, ACCESS_ERRORS, BODY_ERRORS, COMMON_ERRORS, Endpoint, TAKES_ASSIGNMENT } from './endpoint.decorator.js';
export type { EndpointOptions, QueryParameter } from './endpoint.decorator.js';
export { envelope, errorReply, invalidRequest } from './error-envelope.js';
export type { ErrorBody } from './error-envelope.js';
export { EventStream } from './event-stream-request.js';
export type { EventStreamRequest } from './event-stream-request.js';
export { HEALTH_OF, HEALTH_OF_ITSELF, HealthModule } from './health.controller.js';
export type { DependencyCheck, ServiceDescription } from './health.controller.js';
export { formatIdempotencyKey, IDEMPOTENCY_KEY_HEADER, IdempotencyKey, readIdempotencyKey } from './idempotency-key.js';
export { instantOf, readInstant } from './instant.js';
export {
  NODE_RUN_LIST_PARAMETERS,
  PAGE_PARAMETERS,
  QueryReader,
  readNodeRunListQuery,
  readPageQuery,
  readRunListQuery,
  RUN_LIST_PARAMETERS,
} from './listing-query.js';
export type { ListingQuery } from './listing-query.js';
export { currentLogFields, withLogFields } from './log-context.js';
export { createLogger, LOGGER } from './logging.js';
export type { Logger } from 'pino';
export { openApiDocument } from './openapi.js';
export type { OpenApiLogin } from './openapi.js';
export {
  DEFAULT_PAGE_SIZE,
  MAX_PAGE_SIZE,
  NEWEST,
  Pages,
  pagesOfApprovals,
  pagesOfNodeRuns,
  pagesOfRuns,
} from './page-token.js';
export type { Page, PagePosition } from './page-token.js';
export { contextOf, Ctx, isRequestId, setPrincipal } from './request-context.js';
export { listen, runService, StartupError } from './serve.js';
export type { Listener } from './serve.js';
export { SERVICE_VERSION } from './service-version.js';
export { continueTrace, formatTraceparent } from './trace-context.js';
