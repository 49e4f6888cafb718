/** An `Idempotency-Key` header: a plain key as it is, any other as a string of RFC 8941, in quotes. */
export function idempotencyHeader(key: string): string {
  return /^[^\s",;\\]+$/.test(key) ? key : `"${key.replace(/["\\]/g, (sign) => `\\${sign}`)}"`;
}
