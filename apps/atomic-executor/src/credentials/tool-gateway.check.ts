import type { CredentialsApi, RequestContext } from '#contract';
import type { DependencyCheck } from '#http';

/** Without it node runs that need a credential fail for now. Checked when there is one. */
export class ToolGatewayCheck implements DependencyCheck {
  readonly name = 'tool_gateway';
  readonly essential = false;

  constructor(private readonly credentials: CredentialsApi) {}

  check(ctx: RequestContext): Promise<void> {
    return this.credentials.ping(ctx);
  }
}
