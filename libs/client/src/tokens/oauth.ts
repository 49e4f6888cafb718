import {
  allowInsecureRequests,
  clientCredentialsGrant,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  discovery,
  initiateDeviceAuthorization,
  None,
  pollDeviceAuthorizationGrant,
  refreshTokenGrant,
} from 'openid-client';
import type { Configuration, CustomFetchOptions } from 'openid-client';
import { ArpTokenError } from '../suite/arp-errors.js';
import { causeOf, membersOf, textOf } from '../transport/answer-body.js';
import type { FetchLike } from '../transport/transport.js';
import { cachedTokens } from './token-provider.js';
import type { IssuedToken, TokenProvider } from './token-provider.js';

/** How to speak with an authorization server. */
export interface OAuthOptions {
  /** Its issuer identifier; the endpoints are discovered from it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Scopes, separated by spaces; default: the server's. */
  readonly scope?: string;
  /** `audience` of the token, for servers that know this parameter. */
  readonly audience?: string;
  /** `resource` of the token (RFC 8707). */
  readonly resource?: string;
  /** Allows an issuer with plain http that is not on this machine; default false. */
  readonly allowInsecureRequests?: boolean;
  readonly fetch?: FetchLike;
}

export interface ClientCredentialsOptions extends OAuthOptions {
  readonly clientSecret: string;
  /** How the secret is sent; default `basic`, in the Authorization header. */
  readonly clientAuthentication?: 'basic' | 'post';
}

/** What a person has to be shown so that they can sign in on another device. */
export interface DevicePrompt {
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the code in it, for a link or a QR code, when the server gives one. */
  readonly verificationUriComplete?: string;
  /** Seconds until the code ends. */
  readonly expiresInSeconds: number;
}

export interface DeviceFlowOptions extends OAuthOptions {
  /** For clients that have one. */
  readonly clientSecret?: string;
  /** Called with what to show; the sign-in is awaited meanwhile. */
  readonly onPrompt: (prompt: DevicePrompt) => void | Promise<void>;
  /** Ends the waiting for the sign-in. */
  readonly signal?: AbortSignal;
}

/** Tokens of the client itself (OAuth 2.0 client credentials): kept until shortly before their end, asked for once. */
export function clientCredentials(options: ClientCredentialsOptions): TokenProvider {
  const authenticate = options.clientAuthentication === 'post' ? ClientSecretPost : ClientSecretBasic;
  const configuration = once(() => discover(options, authenticate(options.clientSecret)));
  return cachedTokens(() =>
    named(options.issuer, async () =>
      issued(await clientCredentialsGrant(await configuration(), parametersOf(options))),
    ),
  );
}

/**
 * Tokens of a person who signs in on another device (RFC 8628). A refresh token, when the server gives one, spares them
 * doing it again.
 */
export function deviceFlow(options: DeviceFlowOptions): TokenProvider {
  const { clientSecret, signal } = options;
  const authentication = clientSecret === undefined ? None() : ClientSecretBasic(clientSecret);
  const configuration = once(() => discover(options, authentication));
  let refreshToken: string | undefined;
  const signIn = async (): Promise<TokenAnswer> => {
    const found = await configuration();
    const started = await initiateDeviceAuthorization(found, parametersOf(options));
    await options.onPrompt({
      userCode: started.user_code,
      verificationUri: started.verification_uri,
      ...(started.verification_uri_complete === undefined
        ? {}
        : { verificationUriComplete: started.verification_uri_complete }),
      expiresInSeconds: started.expires_in,
    });
    return pollDeviceAuthorizationGrant(found, started, undefined, signal === undefined ? {} : { signal });
  };
  const next = async (): Promise<IssuedToken> => {
    const kept = refreshToken;
    refreshToken = undefined;
    const answer =
      kept === undefined
        ? await signIn()
        : // A refresh token that has ended is no error: the person signs in again.
          await refreshTokenGrant(await configuration(), kept).catch(signIn);
    refreshToken = answer.refresh_token ?? kept;
    return issued(answer);
  };
  return cachedTokens(async () => {
    signal?.throwIfAborted();
    try {
      return await named(options.issuer, next);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  });
}

interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in?: number;
  readonly refresh_token?: string;
}

function issued({ access_token, expires_in }: TokenAnswer): IssuedToken {
  return { token: access_token, expiresInSeconds: expires_in };
}

/** What went wrong, in words: the library puts what the server says into members of its errors. */
async function named<T>(issuer: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { error, error_description, status } = membersOf(cause);
    const says = textOf(error) ?? causeOf(cause);
    const more = textOf(error_description);
    throw new ArpTokenError(`${issuer} gave no token: ${says}${more === undefined ? '' : `, ${more}`}.`, {
      code: 'token_request_failed',
      details: { ...(textOf(error) === undefined ? {} : { error }) },
      ...(typeof status === 'number' ? { status } : {}),
      cause,
    });
  }
}

async function discover(options: OAuthOptions, authentication: ReturnType<typeof None>): Promise<Configuration> {
  const issuer = new URL(options.issuer);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(issuer.hostname);
  const { fetch: given } = options;
  return discovery(issuer, options.clientId, undefined, authentication, {
    ...(isHere || options.allowInsecureRequests === true ? { execute: [allowInsecureRequests] } : {}),
    ...(given === undefined ? {} : { [customFetch]: (url, init) => given(url, requestInit(init)) }),
  });
}

/** What is sent is a form; the library allows for more than that. */
function requestInit({ method, headers, body, redirect, signal }: CustomFetchOptions): RequestInit {
  return {
    method,
    headers,
    redirect,
    ...(body instanceof URLSearchParams ? { body: body.toString() } : {}),
    ...(signal === undefined ? {} : { signal }),
  };
}

function parametersOf({ scope, audience, resource }: OAuthOptions): Record<string, string> {
  return {
    ...(scope === undefined ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
    ...(resource === undefined ? {} : { resource }),
  };
}

/** Does something once; again only after it has failed. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}
