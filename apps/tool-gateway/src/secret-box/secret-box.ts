import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { StartupError } from '#http';
import { MASTER_KEY_BYTES } from './master-keys.js';
import type { MasterKeys } from './master-keys.js';

/** The row that holds a sealed value. In another row the value does not open. */
export interface SealedPlace {
  readonly table: string;
  readonly id: string;
  /** '' where the table knows no owners. */
  readonly owner: string;
}

/** A sealed value as it is in its row. */
export interface SealedRow {
  readonly place: SealedPlace;
  readonly sealed: string;
}

/** A value that is not what was sealed for this row, or is under a master key that is not there. Says nothing of its content. */
export class SecretBoxError extends Error {
  override readonly name = 'SecretBoxError';
}

interface Parts {
  readonly keyName: string;
  readonly wrappedKey: Buffer;
  readonly box: Buffer;
}

const FORMAT = 'v1';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts values for the database with AES-256-GCM: each under a key of its own, which is kept beside it under a master key. Text of
 * a sealed value: `v1.<name of the master key>.<wrapped key>.<box>`, both base64url of iv, tag and ciphertext. Table, id and owner
 * of the row are authenticated with both, and the name of the master key with the wrapped key.
 */
export class SecretBox {
  constructor(private readonly keys: MasterKeys) {}

  /** Name of the master key that seals. */
  get keyName(): string {
    return this.keys.first;
  }

  seal(secret: string, place: SealedPlace): string {
    const dataKey = randomBytes(MASTER_KEY_BYTES);
    const box = encrypt(createSecretKey(dataKey), Buffer.from(secret, 'utf8'), placeOf(place));
    return this.join(dataKey, box, place);
  }

  /** @throws SecretBoxError */
  open(sealed: string, place: SealedPlace): string {
    const parts = split(sealed, place);
    const dataKey = createSecretKey(this.unwrap(parts, place));
    return decrypt(dataKey, parts.box, placeOf(place), place).toString('utf8');
  }

  /**
   * The same value under the first master key; the key of its own stays.
   *
   * @throws SecretBoxError
   */
  rewrap(sealed: string, place: SealedPlace): string {
    const parts = split(sealed, place);
    return this.join(this.unwrap(parts, place), parts.box, place);
  }

  /**
   * What these rows are to hold under the first master key, for the start.
   *
   * @throws StartupError when one of them does not open
   */
  rewrapAll<R extends SealedRow>(rows: readonly R[]): { readonly row: R; readonly resealed: string }[] {
    return rows.map((row) => {
      try {
        return { row, resealed: this.rewrap(row.sealed, row.place) };
      } catch (error) {
        if (!(error instanceof SecretBoxError)) throw error;
        throw new StartupError(`${error.message} Add the key that it is under, or delete the row.`);
      }
    });
  }

  private join(dataKey: Buffer, box: Buffer, place: SealedPlace): string {
    const name = this.keys.first;
    const wrapped = encrypt(this.masterKey(name, place), dataKey, placeOf(place, name));
    return [FORMAT, name, wrapped.toString('base64url'), box.toString('base64url')].join('.');
  }

  private unwrap({ keyName, wrappedKey }: Parts, place: SealedPlace): Buffer {
    return decrypt(this.masterKey(keyName, place), wrappedKey, placeOf(place, keyName), place);
  }

  private masterKey(name: string, place: SealedPlace): KeyObject {
    const key = this.keys.byName.get(name);
    if (key !== undefined) return key;
    throw refused(place, `is under the master key "${name}", which JARVIS_TOOL_ENCRYPTION_KEYS does not have`);
  }
}

function encrypt(key: KeyObject, data: Buffer, associated: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(associated);
  const text = Buffer.concat([cipher.update(data), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), text]);
}

function decrypt(key: KeyObject, box: Buffer, associated: Buffer, place: SealedPlace): Buffer {
  const tagEnd = IV_BYTES + TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, key, box.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(associated)
      .setAuthTag(box.subarray(IV_BYTES, tagEnd));
    return Buffer.concat([decipher.update(box.subarray(tagEnd)), decipher.final()]);
  } catch {
    throw refused(place, 'is not what was sealed for this row under this master key');
  }
}

function split(sealed: string, place: SealedPlace): Parts {
  const [format, keyName, wrappedKey, box, ...more] = sealed.split('.');
  if (format !== FORMAT || keyName === undefined || wrappedKey === undefined || box === undefined || more.length > 0) {
    throw refused(place, 'is not a sealed value');
  }
  return { keyName, wrappedKey: bytesOf(wrappedKey, place), box: bytesOf(box, place) };
}

/** Strictly: Node skips what is not base64url, and spare bits of the last letter. */
function bytesOf(text: string, place: SealedPlace): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw refused(place, 'is not a sealed value');
  return bytes;
}

function placeOf({ table, id, owner }: SealedPlace, keyName?: string): Buffer {
  return Buffer.from(JSON.stringify([FORMAT, table, id, owner, ...(keyName === undefined ? [] : [keyName])]), 'utf8');
}

function refused({ table, id }: SealedPlace, why: string): SecretBoxError {
  return new SecretBoxError(`The secret of ${table} ${id} ${why}.`);
}
