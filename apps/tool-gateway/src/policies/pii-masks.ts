import { isIPv6 } from 'node:net';
import type { PiiKind } from './policy-spec.js';

/** Finds one kind of personal data in a text and puts the mask in its place. All take time linear in the length of the text. */
type Masking = (text: string, mask: string) => string;

const EMAIL = /[\p{L}\p{N}._%+'-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.)+[\p{L}\p{N}-]{2,63}/gu;
/** With a country code; with separators as in North America; its ten digits alone, which no time of today in seconds looks like. */
const PHONES = [
  /(?<![\w+.])(?:\+|00)[1-9](?:[ ()./-]{0,2}\d){6,14}(?!\d)/g,
  /(?<![\d.])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?!\d)/g,
  /(?<![\w.])1?[2-9]\d{2}[2-9]\d{6}(?!\w|\.\d)/g,
];
const SSN = /(?<!\d)(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?!\d)/g;
const DIGIT_GROUPS = /(?<!\d)\d+(?:[ -]\d+)*/g;
const CARD_DIGITS = { least: 13, most: 19 };
const BYTE = '(?:25[0-5]|2[0-4]\\d|1?\\d{1,2})';
const IPV4 = new RegExp(`(?<![\\d.])${BYTE}(?:\\.${BYTE}){3}(?!\\.?\\d)`, 'g');
const IPV6_LIKE = /(?<![\da-f:.])[\da-f:][\da-f:.]*(?![\da-z])/gi;

const MASKINGS: Readonly<Record<PiiKind, Masking>> = {
  email: (text, mask) => text.replace(EMAIL, mask),
  credit_card: (text, mask) => text.replace(DIGIT_GROUPS, (run) => maskCards(run, mask)),
  ssn: (text, mask) => text.replace(SSN, mask),
  ip_address: (text, mask) => text.replace(IPV6_LIKE, (like) => maskIPv6(like, mask)).replace(IPV4, mask),
  phone: (text, mask) => PHONES.reduce((masked, phone) => masked.replace(phone, mask), text),
};

/** Longer digits first: what is a card is not taken for a phone. */
const ORDER: readonly PiiKind[] = ['email', 'credit_card', 'ssn', 'ip_address', 'phone'];

/** No masking finds anything in a mask. */
export function maskOf(kind: PiiKind): string {
  return `[REDACTED:${kind}]`;
}

/** The text with the personal data of these kinds masked, until there is none left. */
export function maskPii(text: string, kinds: readonly PiiKind[]): string {
  const wanted = ORDER.filter((kind) => kinds.includes(kind));
  for (let masked = text; ;) {
    const next = wanted.reduce((soFar, kind) => MASKINGS[kind](soFar, maskOf(kind)), masked);
    // A mask can uncover what stood too close to something else. It ends, as there is less to mask each time.
    if (next === masked) return masked;
    masked = next;
  }
}

/** Cards among groups of digits: groups that stand together and have the right number of digits and the right check digit. */
function maskCards(run: string, mask: string): string {
  const parts = run.split(/([ -])/);
  let masked = '';
  for (let first = 0; first < parts.length;) {
    const end = endOfCard(parts, first);
    masked += end === undefined ? `${parts[first] ?? ''}${parts[first + 1] ?? ''}` : `${mask}${parts[end] ?? ''}`;
    first = end === undefined ? first + 2 : end + 1;
  }
  return masked;
}

/** Groups have even places in `parts`, separators odd ones. @returns the place after the last group of the longest card */
function endOfCard(parts: readonly string[], first: number): number | undefined {
  const luhn = new Luhn();
  let end: number | undefined;
  for (let at = first; at < parts.length; at += 2) {
    const group = parts[at] ?? '';
    if (luhn.length + group.length > CARD_DIGITS.most) return end;
    luhn.add(group);
    if (luhn.length >= CARD_DIGITS.least && luhn.passes) end = at + 1;
  }
  return end;
}

/** The check digit of ISO/IEC 7812-1, for digits as they come. */
export class Luhn {
  length = 0;
  /** Where the last digit counts as it is, and where it counts twice. */
  private single = 0;
  private double = 0;

  add(digits: string): this {
    for (const digit of digits) {
      const value = Number(digit);
      const twice = value > 4 ? value * 2 - 9 : value * 2;
      [this.single, this.double] = [this.double + value, this.single + twice];
      this.length += 1;
    }
    return this;
  }

  get passes(): boolean {
    return this.single % 10 === 0;
  }
}

function maskIPv6(like: string, mask: string): string {
  // What ends a sentence, or stands before an address as in `addr:2001:db8::1`, is not of it.
  const start = like.startsWith(':') && !like.startsWith('::') ? 1 : 0;
  let end = like.length;
  while (like[end - 1] === '.') end -= 1;
  if (like[end - 1] === ':' && like[end - 2] !== ':') end -= 1;
  const address = like.slice(start, end);
  return /[\da-f]/i.test(address) && isIPv6(address) ? `${like.slice(0, start)}${mask}${like.slice(end)}` : like;
}
