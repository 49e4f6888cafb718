import { JwksClient, JwksRateLimitError, SigningKeyNotFoundError } from 'jwks-rsa';
import type { SigningKey } from 'jwks-rsa';
import { AppError } from '#contract';
import type { Logger } from '#http';
import type { TokenRules } from './auth-rules.js';
import { fetchJson } from './fetch-json.js';

/** A key that verifies tokens. */
export interface VerificationKey {
  /** SPKI, PEM. */
  readonly publicKey: string;
  /** The only algorithm that it is for, where its JWK says one. */
  readonly alg: string | undefined;
}

/** How old a key set may be until it is fetched again; the old one serves in the meantime. */
const FRESH_MS = 10 * 60_000;
/** For how long keys are believed that cannot be confirmed. */
const MAX_AGE_MS = 24 * 3_600_000;
/** After a failure nobody waits for the next attempt before this: what Retry-After promises. */
const PAUSE_MS = 1_000;
const REQUESTS_PER_MINUTE = 60;
/**
 * The set is fetched this often at once, and then again after so long. jwks-rsa counts by the minute: whoever spends its count with
 * made-up kids, for which he needs no token, would hide a new key of the issuer for the rest of that minute.
 */
const BURST = 20;
const REFILL_MS = 1_500;
const MAX_KEYS = 100;

interface HeldKeys {
  readonly client: JwksClient;
  readonly fetchedAt: number;
}

/**
 * The public keys of an issuer, fetched when the first token comes. Known keys are kept while the identity provider is away; an
 * unknown `kid` fetches the set once, together with whoever else asks, at most 60 times a minute, and 1.5 s later at the latest.
 */
export class KeySource {
  private readonly remote: JwksClient;
  private jwksUri: string | undefined;
  private fetched: { readonly keys: unknown } | undefined;
  private held: HeldKeys | undefined;
  private refreshing: Promise<void> | undefined;
  private failure: { readonly cause: unknown; readonly at: number } | undefined;
  private allowance = { fetches: BURST, at: 0 };

  /** @param now the time in milliseconds, from any beginning */
  constructor(
    private readonly rules: Pick<TokenRules, 'issuer' | 'jwksUri' | 'discoveryUrl' | 'timeoutMs'>,
    private readonly logger: Logger,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.remote = new JwksClient({
      fetcher: () => this.fetchKeys(),
      cache: false,
      rateLimit: true,
      jwksRequestsPerMinute: REQUESTS_PER_MINUTE,
    });
  }

  /**
   * @param kid undefined: the only key of the set, where it has one only
   * @returns undefined when the issuer has no such key
   * @throws AppError identity_provider_unavailable when that cannot be known
   */
  async keyOf(kid: string | undefined): Promise<VerificationKey | undefined> {
    const known = await this.find(kid);
    const age = this.held === undefined ? Infinity : this.now() - this.held.fetchedAt;
    if (known !== undefined && age < MAX_AGE_MS) {
      if (age >= FRESH_MS) this.refreshInBackground(kid);
      return known;
    }
    await this.refresh(kid);
    return this.find(kid);
  }

  private async find(kid: string | undefined): Promise<VerificationKey | undefined> {
    try {
      const key = await this.held?.client.getSigningKey(kid);
      return key === undefined ? undefined : { publicKey: key.getPublicKey(), alg: algorithmOf(key) };
    } catch (error) {
      if (error instanceof SigningKeyNotFoundError) return undefined;
      throw error;
    }
  }

  private refreshInBackground(kid: string | undefined): void {
    if (this.isPausing()) return;
    this.refresh(kid).catch(({ cause }: Error) => {
      this.logger.warn({ err: cause }, "the issuer's keys could not be fetched again; those known are kept");
    });
  }

  private refresh(kid: string | undefined): Promise<void> {
    this.refreshing ??= this.fetchOnce(kid).finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async fetchOnce(kid: string | undefined): Promise<void> {
    if (this.isPausing()) throw unavailable(this.failure?.cause);
    if (!this.takeFetch()) {
      // The set is known from just now, and there is nothing to say but that the key is not in it.
      if (this.failure === undefined) return;
      throw unavailable(this.failure.cause);
    }
    try {
      await this.remote.getSigningKey(kid);
    } catch (error) {
      // As above.
      if (error instanceof JwksRateLimitError && this.failure === undefined) return;
      if (!(error instanceof SigningKeyNotFoundError)) {
        this.failure = { cause: error, at: this.now() };
        throw unavailable(error);
      }
    }
    this.failure = undefined;
    const set = this.fetched;
    if (set === undefined) return;
    const client = new JwksClient({
      fetcher: async () => set,
      cache: true,
      cacheMaxEntries: MAX_KEYS,
      cacheMaxAge: MAX_AGE_MS,
    });
    this.held = { client, fetchedAt: this.now() };
  }

  private takeFetch(): boolean {
    const now = this.now();
    const fetches = Math.min(BURST, this.allowance.fetches + (now - this.allowance.at) / REFILL_MS);
    this.allowance = { fetches: fetches < 1 ? fetches : fetches - 1, at: now };
    return fetches >= 1;
  }

  private isPausing(): boolean {
    return this.failure !== undefined && this.now() - this.failure.at < PAUSE_MS;
  }

  private async fetchKeys(): Promise<{ keys: unknown }> {
    const { timeoutMs } = this.rules;
    try {
      this.jwksUri ??= this.rules.jwksUri ?? (await this.discover());
      const { keys } = await fetchJson(this.jwksUri, timeoutMs);
      if (!Array.isArray(keys) || keys.length === 0) throw new Error(`${this.jwksUri} has no keys`);
      this.fetched = { keys };
      return this.fetched;
    } catch (error) {
      // Where the keys are may have changed.
      this.jwksUri = undefined;
      throw error;
    }
  }

  private async discover(): Promise<string> {
    const { discoveryUrl, issuer, timeoutMs } = this.rules;
    const { issuer: said, jwks_uri: jwksUri } = await fetchJson(discoveryUrl, timeoutMs);
    if (said !== issuer) {
      throw new Error(
        `the discovery document at ${discoveryUrl} is that of the issuer ${JSON.stringify(said)}, not of ${issuer}: check ARP_AUTH_ISSUER`,
      );
    }
    if (typeof jwksUri !== 'string' || !URL.canParse(jwksUri)) {
      throw new Error(`the discovery document at ${discoveryUrl} names no jwks_uri: set ARP_AUTH_JWKS_URI`);
    }
    return jwksUri;
  }
}

/** The types of jwks-rsa promise an `alg`, but a JWK need not have one. */
function algorithmOf(key: SigningKey): string | undefined {
  return (key as { readonly alg?: string }).alg;
}

function unavailable(cause: unknown): AppError {
  return new AppError('identity_provider_unavailable', { message: 'Unable to fetch JWKS', cause });
}
