/** Headers as a `Headers` object or as a plain record, in any case. */
export type HeadersLike =
  { get(name: string): string | null } | Readonly<Record<string, string | string[] | undefined>>;

/** A new correlation id: `corr_` and a random UUID. */
export function generateCorrelationId(): string {
  return `corr_${crypto.randomUUID()}`;
}

/** The `X-Correlation-Id` of a request or response; undefined when it has none. */
export function extractCorrelationId(headers: HeadersLike): string | undefined {
  return readHeader(headers, 'x-correlation-id');
}

/** A new W3C `traceparent` of a sampled trace: `00-<32 hex>-<16 hex>-01`. */
export function generateTraceparent(): string {
  const hex = `${crypto.randomUUID()}${crypto.randomUUID()}`.replaceAll('-', '');
  return `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-01`;
}

function readHeader(headers: HeadersLike, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return Array.isArray(found) ? found[0] : found;
}

function hasGet(headers: HeadersLike): headers is { get(name: string): string | null } {
  return typeof headers.get === 'function';
}
