import { Inject, Injectable } from '@nestjs/common';
import { FORWARDERS, stampIdentity } from '#auth';
import type { Principal, RequestContext, RunStartRequest } from '#contract';
import { invalidRequest } from '#http';
import { SharedSecretsService } from '../assignments/shared-secrets.service.js';
import { DocumentLimits } from '../node-runs/document-limits.js';
import { isRunId } from '../sharding/bucket.js';
import { keyedRunId, runIdFor } from './run-identity.js';
import type { RunIdentity } from './run-identity.js';

/** A start with the name of its run, whose context says of the caller what his token says. */
export interface IdentifiedStart extends RunIdentity {
  readonly request: RunStartRequest;
}

const SECRET_NAME = 'idempotency_keys';

/** Tells of a start who asks and which run it is about, alike in every coordinator of the same database. */
@Injectable()
export class StartIdentityService {
  constructor(
    private readonly secrets: SharedSecretsService,
    private readonly limits: DocumentLimits,
    @Inject(FORWARDERS) private readonly forwarders: readonly string[],
  ) {}

  /** @throws AppError invalid_request, payload_too_large; database_unavailable when a secret is needed that is not known yet and cannot be read */
  async identify(
    { principal }: RequestContext,
    given: RunStartRequest,
    idempotencyKey: string | undefined,
  ): Promise<IdentifiedStart> {
    this.limits.refuseLargeInputs(given.input, 'input');
    const request = stampIdentity(principal, given, this.forwarders);
    if (request.run_id !== undefined && !isRunId(request.run_id)) {
      throw invalidRequest([{ path: 'run_id', message: 'must be 1 to 128 letters, digits, or any of . _ ~ -' }]);
    }
    if (request.run_id !== undefined || idempotencyKey === undefined) return { request, ...runIdFor(request) };
    const runId = keyedRunId(principal, idempotencyKey, await this.secretFor(principal));
    return { request, ...runIdFor(request, { key: idempotencyKey, runId }) };
  }

  /** None where callers are not authenticated: whoever wants to take an id could say he is anybody. */
  private async secretFor({ owner }: Principal): Promise<string | undefined> {
    return owner === undefined ? undefined : this.secrets.secret(SECRET_NAME);
  }
}
