const MASK = '[credential]';
/** A shorter value would be found everywhere. */
const SHORTEST = 6;
/** Of the parts of a credential that is JSON: its small words, such as a type, are no secrets. */
const SHORTEST_PART = 8;
const VALUES_AT_MOST = 256;

/**
 * Hides values wherever they appear in text, as they are or as they are written in URLs, JSON and base64, there also within something
 * longer; also where a text was cut within one. Of a value that is a JSON object its texts are hidden too.
 */
export class CredentialMask {
  /** By value, in the order in which they came, the ways to write it. */
  private readonly needles = new Map<string, readonly string[]>();

  get isEmpty(): boolean {
    return this.needles.size === 0;
  }

  add(secret: string): void {
    // Handlers trim what somebody stored with the end of its line.
    for (const value of new Set([secret, secret.trim(), ...partsOf(secret)])) {
      if (value.length < SHORTEST) continue;
      this.needles.delete(value);
      this.needles.set(value, waysToWrite(value));
    }
    for (const oldest of this.needles.keys()) {
      if (this.needles.size <= VALUES_AT_MOST) break;
      this.needles.delete(oldest);
    }
  }

  text(text: string): string {
    let masked = text;
    for (const needle of this.longestFirst()) {
      masked = withoutCut(masked.replaceAll(needle, MASK), needle);
    }
    return masked;
  }

  /** A copy of what JSON can write, keys included. */
  json<T>(value: T): T {
    return this.isEmpty ? value : (this.masked(value) as T);
  }

  bytes(content: Uint8Array): Uint8Array {
    if (this.isEmpty) return content;
    const view = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const needles = this.longestFirst().filter((needle) => view.includes(needle));
    if (needles.length === 0) return content;
    let text = view.toString('latin1');
    for (const needle of needles) text = text.replaceAll(Buffer.from(needle, 'utf8').toString('latin1'), MASK);
    return Buffer.from(text, 'latin1');
  }

  private longestFirst(): string[] {
    return [...this.needles.values()].flat().sort((a, b) => b.length - a.length);
  }

  private masked(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.needles.has(String(value)) ? MASK : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.masked(item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.masked(item)]));
  }
}

/** The texts in a value that is a JSON object, such as the keys of a service account. */
function partsOf(secret: string): string[] {
  if (!secret.trimStart().startsWith('{')) return [];
  try {
    const parts: string[] = [];
    JSON.parse(secret, (_, value: unknown) => {
      if (typeof value === 'string' && value.length >= SHORTEST_PART) parts.push(value);
      return value;
    });
    return parts;
  } catch {
    return [];
  }
}

function waysToWrite(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  // Without halves of characters, which a URL cannot hold.
  const wellFormed = bytes.toString('utf8');
  const inUrls = [
    encodeURI(wellFormed),
    encodeURIComponent(wellFormed),
    new URLSearchParams({ v: value }).toString().slice(2),
  ];
  const inJson = JSON.stringify(value).slice(1, -1);
  return [
    ...new Set([
      value,
      ...inUrls,
      ...inUrls.map((written) => written.replace(/%../g, (escape) => escape.toLowerCase())),
      inJson,
      inJson.replaceAll('/', '\\/'),
      ...(['base64', 'base64url'] as const).flatMap((encoding) => [
        bytes.toString(encoding),
        ...[0, 1, 2].map((before) => withinBase64(bytes, before, encoding)),
      ]),
    ]),
  ];
}

/** What the bytes make of base64 that begins earlier, such as `name:value` of Basic, and may go on; without what the bytes beside them decide. */
function withinBase64(bytes: Buffer, before: number, encoding: 'base64' | 'base64url'): string {
  const all = Buffer.concat([Buffer.alloc(before), bytes]);
  return all.toString(encoding).slice(Math.ceil((before * 4) / 3), Math.floor((all.length * 4) / 3));
}

/** Hides the beginning of a value at the end of a text. */
function withoutCut(text: string, needle: string): string {
  const at = text.lastIndexOf(needle.slice(0, SHORTEST));
  return at >= 0 && needle.startsWith(text.slice(at)) ? text.slice(0, at) + MASK : text;
}
