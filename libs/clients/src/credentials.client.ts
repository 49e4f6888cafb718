import type { TokenSource } from '#auth';
import { Credential, CredentialsApi } from '#contract';
import type { CredentialQuery, RequestContext } from '#contract';
import { Peer } from './peer.js';

/** The credentials of a tool gateway over HTTP. Whatever it answers but one, or that there is none, is tool_gateway_unavailable. */
export class CredentialsClient extends CredentialsApi {
  private readonly peer: Peer;

  constructor(options: { readonly baseUrl: string; readonly tokens?: TokenSource; readonly timeoutMs: number }) {
    super();
    this.peer = new Peer({ ...options, unavailable: 'tool_gateway_unavailable', passOn: [] });
  }

  readCredential(ctx: RequestContext, query: CredentialQuery): Promise<Credential | undefined> {
    const request = { method: 'POST', path: '/v1/credentials:read', body: query } as const;
    return this.peer.jsonIfFound(ctx, request, Credential, 'credential_not_found');
  }

  ping(ctx: RequestContext): Promise<void> {
    return this.peer.ping(ctx);
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
}
