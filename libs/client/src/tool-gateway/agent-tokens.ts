import { decodeJwt } from 'jose';
import { GatewayTokenError } from './gateway-errors.js';

/** What a token permits: reading, or also changing something. */
export type Permission = 'read' | 'write';

/** What a token is asked for. */
export interface TokenOptions {
  readonly tools: readonly string[];
  readonly permissions: readonly Permission[];
  /** Lifetime in minutes, at most 1440 (24 h); default 15. */
  readonly ttlMinutes?: number;
  /** Binds the token to an intent; default: none. */
  readonly intent?: string;
}

/** A token and when it was got, by this machine's clock. */
export interface MintedToken {
  readonly token: string;
  /** Milliseconds of its life; Infinity when neither the token nor the gateway says. */
  readonly lifetimeMs: number;
  readonly receivedAt: number;
}

/** Older tokens are not sent, however long the gateway would accept them. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;
/** A token is replaced when less than this part of its life is left. */
const RESERVE = 1 / 5;

/** One kind of token: what it was asked for, and the one in use. */
class TokenSlot {
  current: MintedToken | undefined;
  pending: Promise<MintedToken> | undefined;

  constructor(readonly options: TokenOptions) {}
}

/**
 * The tokens that this client has fetched: one in use per tools and permissions, fetched once however many calls want
 * it, and replaced before it ends or when the gateway recommends it.
 */
export class AgentTokens {
  private readonly slots = new Map<string, TokenSlot>();
  /** Which slot a token that was handed out belongs to, so that it can be replaced. */
  private readonly slotOf = new Map<string, TokenSlot>();

  constructor(private readonly mint: (options: TokenOptions) => Promise<MintedToken>) {}

  /** A token for these tools and permissions: the one in use, or a new one. */
  async tokenFor(options: TokenOptions): Promise<string> {
    return (await this.fresh(this.slot(options))).token;
  }

  /** A new token, which is the one in use from then on. */
  async mintFor(options: TokenOptions): Promise<string> {
    return (await this.replace(this.slot(options))).token;
  }

  /** What to send where `token` was asked for: its successor when it has one. Unknown tokens are sent as they are. */
  async successorOf(token: string): Promise<string> {
    const slot = this.slotOf.get(token);
    if (slot === undefined || slot.current?.token === token) return token;
    return (await this.fresh(slot)).token;
  }

  /** Whether this client has fetched `token`, and hence can replace it. */
  isOwn(token: string): boolean {
    return this.slotOf.has(token);
  }

  /** Any token in use, for what every token of the agent permits. */
  any(): string | undefined {
    const current = [...this.slots.values()].map((slot) => slot.current).filter((minted) => minted !== undefined);
    return current.find((minted) => !isUsedUp(minted))?.token;
  }

  /** The next call gets another token than this one. */
  retire(token: string): void {
    const slot = this.slotOf.get(token);
    if (slot?.current?.token === token) slot.current = undefined;
  }

  clear(): void {
    this.slots.clear();
    this.slotOf.clear();
  }

  private slot(options: TokenOptions): TokenSlot {
    const { tools, permissions, ttlMinutes, intent } = options;
    const key = JSON.stringify([[...tools].sort(), [...permissions].sort(), ttlMinutes, intent]);
    const found = this.slots.get(key) ?? new TokenSlot(options);
    this.slots.set(key, found);
    return found;
  }

  private async fresh(slot: TokenSlot): Promise<MintedToken> {
    const { current } = slot;
    return current !== undefined && !isUsedUp(current) ? current : this.replace(slot);
  }

  private replace(slot: TokenSlot): Promise<MintedToken> {
    slot.pending ??= this.mint(slot.options)
      .then((minted) => {
        slot.current = minted;
        this.remember(minted.token, slot);
        return minted;
      })
      .finally(() => {
        slot.pending = undefined;
      });
    return slot.pending;
  }

  private remember(token: string, slot: TokenSlot): void {
    this.slotOf.set(token, slot);
    // Tokens live for minutes: those of a thousand mints ago are nobody's any more.
    const [oldest] = this.slotOf.keys();
    if (this.slotOf.size > 1000 && oldest !== undefined) this.slotOf.delete(oldest);
  }
}

/** A token as the gateway's answer gives it. Its own claims count before `expires_at`: they need no equal clocks. */
export function mintedToken(token: string, expiresAt: string | undefined, now: number = Date.now()): MintedToken {
  const { iat, exp } = claimsOf(token);
  const until = Date.parse(expiresAt ?? '');
  const lifetimeMs =
    iat !== undefined && exp !== undefined ? (exp - iat) * 1000 : Number.isNaN(until) ? Infinity : until - now;
  return { token, lifetimeMs, receivedAt: now };
}

/** Throws GatewayTokenError `token_too_old` for a token that was issued more than 24 hours ago. */
export function refuseOldToken(token: string, now: number = Date.now()): void {
  const { iat } = claimsOf(token);
  if (iat === undefined || now - iat * 1000 <= MAX_AGE_MS) return;
  throw new GatewayTokenError(
    'The token was issued more than 24 hours ago and was not sent. Get a new one with getToken().',
    {
      code: 'token_too_old',
    },
  );
}

function isUsedUp({ lifetimeMs, receivedAt }: MintedToken): boolean {
  return Date.now() - receivedAt > Math.min(lifetimeMs, MAX_AGE_MS) * (1 - RESERVE);
}

/** Times of a token, in seconds. A token that is no JWT has none that can be known. */
function claimsOf(token: string): { readonly iat?: number; readonly exp?: number } {
  try {
    const { iat, exp } = decodeJwt(token);
    return { ...(typeof iat === 'number' ? { iat } : {}), ...(typeof exp === 'number' ? { exp } : {}) };
  } catch {
    return {};
  }
}
