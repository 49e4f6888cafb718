import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { calculateJwkThumbprint } from 'jose';
import { Database } from '#database';
import type { Transaction } from '#database';
import { SecretBox } from '../secret-box/secret-box.js';
import type { SealedPlace } from '../secret-box/secret-box.js';
import type { ToolSigningKeyEntity } from '../tables/tool-signing-key.entity.js';
import type { RotatedSigningKey, SigningJwk, SigningJwks } from './agent-token-answers.js';
import { TOKEN_ALGORITHM, TOKEN_LIFETIME_SECONDS } from './agent-token.js';
import type { TokenSigner } from './agent-token.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

interface KnownKey {
  readonly publicKey: KeyObject;
  readonly jwk: SigningJwk;
  readonly retiredAt: Date | null;
}

const READ_AT_MOST_EVERY_MS = 1_000;
/** By as much may a token that a retired key signed outlive the key's retirement, beyond its own lifetime. */
const SKEW_SECONDS = 600;
const KEPT_MS = (TOKEN_LIFETIME_SECONDS + SKEW_SECONDS) * 1_000;

/**
 * The Ed25519 keys with which all gateways of a database sign agent tokens. One signs; those that did before verify until nothing that
 * they signed can be valid any more.
 */
@Injectable()
export class SigningKeysService implements OnModuleInit {
  private known: ReadonlyMap<string, KnownKey> = new Map();
  private signer: TokenSigner | undefined;
  private readAt = -Infinity;
  private paused: Promise<void> | undefined;
  private reading = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly repository: SigningKeysRepository,
    private readonly box: SecretBox,
  ) {}

  /** @throws StartupError when a key is under a master key that is not there */
  async onModuleInit(): Promise<void> {
    const rows = await this.repository.findSealedOtherwise(this.database, this.box.keyName);
    const sealed = rows.map((row) => ({ ...row, place: placeOf(row.key_id), sealed: row.private_key }));
    for (const { row, resealed } of this.box.rewrapAll(sealed)) {
      await this.repository.replaceSealed(this.database, row.key_id, row.sealed, resealed);
    }
  }

  /** The key that signs now, in whichever process it was made; made here if there is none. */
  async current(): Promise<TokenSigner> {
    const row = (await this.repository.findCurrent(this.database)) ?? (await this.makeFirst());
    if (this.signer?.keyId !== row.key_id) {
      const privateKey = createPrivateKey(this.box.open(row.private_key, placeOf(row.key_id)));
      this.signer = { keyId: row.key_id, privateKey };
    }
    return this.signer;
  }

  /**
   * The public key of this id. One that is not known may be new: the keys are read again, not more often than once a second, and
   * whoever asks meanwhile waits for that.
   */
  async find(keyId: string): Promise<KeyObject | undefined> {
    if (!this.known.has(keyId)) await this.reload();
    const key = this.known.get(keyId);
    return key !== undefined && isKept(key) ? key.publicKey : undefined;
  }

  /** The keys that verify, no older than a second. */
  async jwks(): Promise<SigningJwks> {
    await (performance.now() - this.readAt >= READ_AT_MOST_EVERY_MS ? this.reload() : this.reading);
    return { keys: [...this.known.values()].filter(isKept).map(({ jwk }) => jwk) };
  }

  /** Another key signs from now on. What the one before signed stays valid. */
  async rotate(): Promise<RotatedSigningKey> {
    const { key_id, created_at } = await this.database.transaction(async (tx) => {
      await this.repository.lock(tx);
      await this.repository.retireAll(tx, new Date());
      return this.insert(tx);
    });
    return { key_id, created_at: created_at.toISOString() };
  }

  async deleteRetired(now: Date): Promise<void> {
    await this.repository.deleteRetired(this.database, new Date(now.getTime() - KEPT_MS));
  }

  private makeFirst(): Promise<ToolSigningKeyEntity> {
    return this.database.transaction(async (tx) => {
      await this.repository.lock(tx);
      return (await this.repository.findCurrent(tx)) ?? (await this.insert(tx));
    });
  }

  private async insert(tx: Transaction): Promise<ToolSigningKeyEntity> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const publicJwk = publicKey.export({ format: 'jwk' }) as Record<string, string>;
    const keyId = await calculateJwkThumbprint(publicJwk);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const row = {
      key_id: keyId,
      public_jwk: publicJwk,
      private_key: this.box.seal(pem, placeOf(keyId)),
      created_at: new Date(),
      retired_at: null,
    };
    await this.repository.insert(tx, row);
    return row;
  }

  /** Whoever asks while it is still paused for is served by the same reading; whoever asks later may want what that one misses. */
  private reload(): Promise<void> {
    this.paused ??= this.readAfterPause();
    return this.paused;
  }

  private async readAfterPause(): Promise<void> {
    await sleep(Math.max(0, this.readAt + READ_AT_MOST_EVERY_MS - performance.now()));
    this.paused = undefined;
    // Also after a failure: a database in trouble is not asked more often.
    this.readAt = performance.now();
    this.reading = this.read();
    await this.reading;
  }

  private async read(): Promise<void> {
    const rows = await this.repository.findAll(this.database);
    this.known = new Map(rows.map((row) => [row.key_id, knownKey(row)]));
  }
}

function isKept({ retiredAt }: KnownKey): boolean {
  return retiredAt === null || Date.now() < retiredAt.getTime() + KEPT_MS;
}

function knownKey({ key_id: kid, public_jwk: jwk, retired_at: retiredAt }: ToolSigningKeyEntity): KnownKey {
  const { kty, crv, x } = jwk as { readonly kty: string; readonly crv: string; readonly x: string };
  const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  return { publicKey, jwk: { kty, crv, x, kid, alg: TOKEN_ALGORITHM, use: 'sig' }, retiredAt };
}

function placeOf(keyId: string): SealedPlace {
  return { table: 'tool_signing_keys', id: keyId, owner: '' };
}
