import { below, membersOf, typeOf } from './json-tree.js';
import type { JsonNode, Problems } from './json-tree.js';
import type { ApprovalOptions } from './policy-engine.js';
import { readText, readTexts, refuseUnknown } from './statement-parts.js';

const KEYS = ['Roles', 'ExpiresInSeconds', 'MaskInputs', 'Reason'];
const LONGEST_SECONDS = 31_536_000;

/** Reads `Approval`; what is wrong is reported. */
export function compileApproval(node: JsonNode | undefined, path: string, problems: Problems): ApprovalOptions {
  if (node === undefined) return { roles: [], mask_inputs: [] };
  if (node.type !== 'object') {
    problems.error(node, path, `It must be an object with ${KEYS.join(', ')}, not ${typeOf(node)}.`);
    return { roles: [], mask_inputs: [] };
  }
  const members = membersOf(node, path, problems);
  refuseUnknown(members, KEYS, path, problems);
  const find = (name: string) => members.find((member) => member.name === name)?.value;
  const texts = (name: string) => {
    const value = find(name);
    return value === undefined ? [] : readTexts(value, below(path, name), problems);
  };
  const masks = texts('MaskInputs');
  for (const mask of masks.filter(({ value }) => !isPointer(String(value)))) {
    problems.error(mask, below(path, 'MaskInputs'), pointerMessage(String(mask.value)));
  }
  const expiry = find('ExpiresInSeconds');
  const reason = readText(find('Reason'), below(path, 'Reason'), problems);
  if (expiry !== undefined && !isExpiry(expiry.value)) {
    problems.error(expiry, below(path, 'ExpiresInSeconds'), EXPIRY_MESSAGE);
  }
  return {
    roles: texts('Roles').map(({ value }) => String(value)),
    mask_inputs: masks.map(({ value }) => String(value)),
    ...(expiry === undefined ? {} : { expires_in_seconds: Number(expiry.value) }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Whether a text is a JSON Pointer (RFC 6901) to something inside. */
export function isPointer(text: string): boolean {
  return /^(\/([^~/]|~[01])*)+$/.test(text);
}

export function pointerMessage(text: string): string {
  return `"${text}" is not a JSON Pointer into the inputs, such as /password or /customer/iban.`;
}

export function isExpiry(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LONGEST_SECONDS;
}

export const EXPIRY_MESSAGE = `It must be a whole number of seconds from 1 to ${LONGEST_SECONDS} (a year).`;
