import { isIPv6 } from 'node:net';
import type { PiiKind } from './policy-spec.js';

/** Finds one kind of personal data in a text and puts the mask in its place. All take time linear in the length of the text. */
type Masking = (text: string, mask: string) => string;

/** Looks back from the @ for who it is at: what is before most texts is no address. */
const EMAIL = /@(?<=([\p{L}\p{N}._%+'-]{1,64})@)(?:[\p{L}\p{N}-]{1,63}\.)+[\p{L}\p{N}-]{2,63}/gu;
/** With a country code; with separators as in North America; its ten digits alone, which no time of today in seconds looks like. */
const PHONES = [
  /(?<![\w+.])(?:\+|00)[1-9](?:[ ()./-]{0,2}\d){6,14}(?!\d)/g,
  /(?<![\d.])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?!\d)/g,
  /(?<![\w.])1?[2-9]\d{2}[2-9]\d{6}(?!\w|\.\d)/g,
];
const SSN = /(?<!\d)(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?!\d)/g;
const CARDS_LIKE = /(?<!\d)\d(?:[ -]?\d){12,}/g;
const CARD_DIGITS = { least: 13, most: 19 };
const ZERO = '0'.charCodeAt(0);
const BYTE = '(?:25[0-5]|2[0-4]\\d|1?\\d{1,2})';
const IPV4 = new RegExp(`(?<![\\d.])${BYTE}(?:\\.${BYTE}){3}(?!\\.?\\d)`, 'g');
const IPV6_LIKE = /(?<![\da-f:.])[\da-f]{0,4}:[\da-f:.]*(?![\da-z])/gi;

const MASKINGS: Readonly<Record<PiiKind, Masking>> = {
  email: maskEmails,
  credit_card: (text, mask) => text.replace(CARDS_LIKE, (run) => maskCards(run, mask)),
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

/** Each pass is linear; a text that is made to need one more for each mask would take the square of its length. */
const PASSES_AT_MOST = 10;

/**
 * The text with the personal data of these kinds masked, until there is none left. Where there is no end to it, as when numbers follow
 * each other without anything between them, the whole text is masked.
 */
export function maskPii(text: string, kinds: readonly PiiKind[]): string {
  const wanted = ORDER.filter((kind) => kinds.includes(kind));
  let masked = text;
  let last: PiiKind | undefined;
  for (let passes = 0; passes < PASSES_AT_MOST; passes += 1) {
    last = undefined;
    // A mask can uncover what stood too close to something else.
    for (const kind of wanted) {
      const next = MASKINGS[kind](masked, maskOf(kind));
      if (next !== masked) last = kind;
      masked = next;
    }
    if (last === undefined) return masked;
  }
  return last === undefined ? masked : maskOf(last);
}

function maskEmails(text: string, mask: string): string {
  let masked = '';
  let done = 0;
  for (const match of text.matchAll(EMAIL)) {
    const [domain, local = ''] = match;
    const start = match.index - local.length;
    // The domain of the address before is nobody's name.
    if (start < done) continue;
    masked += text.slice(done, start) + mask;
    done = match.index + domain.length;
  }
  return masked + text.slice(done);
}

/** Cards among groups of digits: groups that stand together and have the right number of digits and the right check digit. */
function maskCards(run: string, mask: string): string {
  let masked = '';
  let done = 0;
  for (let at = 0; at < run.length;) {
    const end = endOfCard(run, at);
    if (end !== undefined) {
      masked += run.slice(done, at) + mask;
      done = at = end;
    }
    while (isDigit(run, at)) at += 1;
    at += 1;
  }
  return masked + run.slice(done);
}

/**
 * The check digit is that of ISO/IEC 7812-1.
 *
 * @param start of a group
 * @returns the place after the longest card that starts there
 */
function endOfCard(run: string, start: number): number | undefined {
  let count = 0;
  // Where the last digit counts as it is, and where it counts twice.
  let single = 0;
  let double = 0;
  let end: number | undefined;
  for (let at = start; at < run.length && count <= CARD_DIGITS.most; at += 1) {
    if (!isDigit(run, at)) continue;
    const digit = run.charCodeAt(at) - ZERO;
    const before = single;
    single = double + digit;
    double = before + (digit > 4 ? digit * 2 - 9 : digit * 2);
    count += 1;
    const isWhole = count >= CARD_DIGITS.least && count <= CARD_DIGITS.most && !isDigit(run, at + 1);
    if (isWhole && single % 10 === 0) end = at + 1;
  }
  return end;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= ZERO && code < ZERO + 10;
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
