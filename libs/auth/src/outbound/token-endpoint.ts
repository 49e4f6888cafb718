import { decodeJwt } from 'jose';
import {
  allowInsecureRequests,
  clientCredentialsGrant,
  ClientSecretPost,
  Configuration,
  genericGrantRequest,
} from 'openid-client';
import type { TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppError } from '#contract';
import { isPassing, tokenError } from './token-errors.js';

export interface TokenEndpointOptions {
  readonly url: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** `{audience}` stands for the audience; undefined: none is asked for. */
  readonly scope: string | undefined;
  /** Longest wait for one answer, in seconds. */
  readonly timeoutSecs: number;
}

/** A token, and for how long it may be used from the moment in which it was asked for. */
export interface IssuedToken {
  readonly token: string;
  readonly lifetimeMs: number;
}

/** An answer with neither `expires_in` nor a claim `exp`. */
const UNKNOWN_LIFETIME_MS = 60_000;
const RETRY_AFTER_MS = 150;
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/**
 * The token endpoint of an identity provider, asked as one client. Nothing is asked for before a token is needed.
 *
 * The secret goes into the body (client_secret_post): Keycloak, Okta and Entra name this method in their discovery documents, and
 * servers differ in how they undo the encoding that client_secret_basic wants for a secret with special characters.
 */
export class TokenEndpoint {
  private readonly configuration: Configuration;

  constructor(private readonly options: TokenEndpointOptions) {
    const { url, issuer, clientId, clientSecret, timeoutSecs } = options;
    const authentication = ClientSecretPost(clientSecret);
    this.configuration = new Configuration({ issuer, token_endpoint: url }, clientId, undefined, authentication);
    this.configuration.timeout = timeoutSecs;
    if (new URL(url).protocol === 'http:') allowInsecureRequests(this.configuration);
  }

  /**
   * A token of this client's own. `audience` is read by Auth0 and others; Keycloak gives the audiences that the client has.
   *
   * @throws AppError token_request_failed, identity_provider_unavailable
   */
  clientCredentials(audience: string): Promise<IssuedToken> {
    return this.ask(audience, [], () => clientCredentialsGrant(this.configuration, this.target(audience)));
  }

  /**
   * A token for `audience` that is the subject's as `subjectToken` is (RFC 8693).
   *
   * @throws AppError token_request_failed, identity_provider_unavailable, unauthorized (the subject's token is not valid any more)
   */
  exchange(audience: string, subjectToken: string): Promise<IssuedToken> {
    const parameters = {
      subject_token: subjectToken,
      subject_token_type: ACCESS_TOKEN,
      requested_token_type: ACCESS_TOKEN,
      ...this.target(audience),
    };
    return this.ask(audience, [subjectToken], () =>
      genericGrantRequest(this.configuration, TOKEN_EXCHANGE, parameters),
    );
  }

  private target(audience: string): Record<string, string> {
    const { scope } = this.options;
    return { audience, ...(scope === undefined ? {} : { scope: scope.replaceAll('{audience}', audience) }) };
  }

  private async ask(
    audience: string,
    secrets: readonly string[],
    request: () => Promise<TokenEndpointResponse & TokenEndpointResponseHelpers>,
  ): Promise<IssuedToken> {
    const { clientId, clientSecret } = this.options;
    const failure = (error: unknown): AppError =>
      tokenError(error, { clientId, audience, secrets: [clientSecret, ...secrets], isExchange: secrets.length > 0 });
    try {
      const response = await request().catch(async (error: unknown) => {
        if (!isPassing(error)) throw error;
        await sleep(RETRY_AFTER_MS);
        return request();
      });
      return issuedToken(response);
    } catch (error) {
      throw failure(error);
    }
  }
}

function issuedToken(response: TokenEndpointResponse & TokenEndpointResponseHelpers): IssuedToken {
  const { access_token: token, token_type: type } = response;
  // Of any other kind it is nothing that can be sent as a bearer; an exchange may answer with one.
  if (type !== 'bearer') throw new Error(`the identity provider gave a token of the type ${type}, which is no bearer`);
  const seconds = response.expiresIn() ?? secondsLeft(token);
  return { token, lifetimeMs: seconds === undefined ? UNKNOWN_LIFETIME_MS : seconds * 1_000 };
}

/** Seconds until a JWT expires; undefined when it is none, or does not say. Negative when it has expired. */
export function secondsLeft(token: string): number | undefined {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? undefined : exp - Date.now() / 1_000;
  } catch {
    return undefined;
  }
}
