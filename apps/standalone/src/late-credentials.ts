import { AppError, CredentialsApi } from '#contract';
import type { Credential, CredentialQuery, RequestContext } from '#contract';

/** Credentials of a tool gateway that is made after the executor which asks for them, since it calls that executor. */
export class LateCredentials extends CredentialsApi {
  private credentials: CredentialsApi | undefined;

  use(credentials: CredentialsApi): void {
    this.credentials = credentials;
  }

  async readCredential(ctx: RequestContext, query: CredentialQuery): Promise<Credential | undefined> {
    return this.known().readCredential(ctx, query);
  }

  async ping(ctx: RequestContext): Promise<void> {
    await this.known().ping(ctx);
  }

  private known(): CredentialsApi {
    if (this.credentials === undefined) throw new AppError('tool_gateway_unavailable');
    return this.credentials;
  }
}
