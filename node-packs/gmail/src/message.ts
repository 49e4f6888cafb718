import { TerminalError } from '@arp-jarvis/node-pack-sdk';
import parseAddresses from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';

/** What a message is made of. Addresses are as they stand in a header, `Ann <ann@example.com>`, several separated by commas. */
export interface Mail {
  readonly from?: string | undefined;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string | undefined;
}

const ADDRESS = /^[^\s@<>()[\]\\,;:"]+@[\p{L}\p{M}\p{N}.-]+$/u;
const RECIPIENTS_AT_MOST = 100;

/**
 * A message as RFC 5322 has it, with Bcc, by which Gmail knows to whom else it goes.
 *
 * @throws TerminalError recipient_invalid
 */
export async function rawMessage({ from, to, cc, bcc, subject, text, html }: Mail): Promise<Uint8Array> {
  const recipients = [...to, ...cc, ...bcc].flatMap(addressesOf);
  if (recipients.length === 0) throw invalid('There is no address to send to.');
  if (recipients.length > RECIPIENTS_AT_MOST) throw invalid(`A mail goes to at most ${RECIPIENTS_AT_MOST} addresses.`);
  if (from !== undefined && addressesOf(from).length !== 1) throw invalid('from must be one address.');
  const node = new MailComposer({
    ...(from === undefined ? {} : { from }),
    to: to.join(', '),
    ...(cc.length === 0 ? {} : { cc: cc.join(', ') }),
    ...(bcc.length === 0 ? {} : { bcc: bcc.join(', ') }),
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  node.keepBcc = true;
  // Fields that are in order one by one can be read as something else together, such as after a quotation mark without its second.
  refuseOthers(node.getEnvelope().to);
  return node.build();
}

/** The addresses that a field names. What is wrong is not quoted: recipients are nobody's business. */
function addressesOf(field: string): string[] {
  const addresses = parseAddresses(field, { flatten: true }).map(({ address }) => address);
  refuseOthers(addresses);
  return addresses;
}

function refuseOthers(addresses: readonly string[]): void {
  if (addresses.every((address) => ADDRESS.test(address))) return;
  throw invalid('One of the addresses is not like ann@example.com.');
}

function invalid(message: string): TerminalError {
  return new TerminalError(message, { code: 'recipient_invalid' });
}
