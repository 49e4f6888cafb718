import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { EXPIRY_MESSAGE, isExpiry, isPointer, pointerMessage } from '../approval-options.js';
import type { ApprovalOptions, PolicyOutcome } from '../policy-engine.js';
import { didYouMean } from '../policy-problem.js';

/** What the annotations of a Cedar policy say. */
export interface CedarStatement {
  readonly effect: PolicyOutcome;
  readonly sid?: string;
  readonly approval?: ApprovalOptions;
}

/** One policy of a Cedar file. */
export interface CedarPolicy extends CedarStatement {
  readonly index: number;
  readonly text: string;
  readonly json: PolicyJson;
}

const APPROVAL = ['approval_roles', 'approval_expires_in_seconds', 'approval_mask_inputs', 'approval_reason'];
/** All others are errors: a misspelt one would turn an approval into an allow. */
const KNOWN = ['id', 'effect', ...APPROVAL, 'description'];

/** @param report takes what is wrong, with the name of the annotation */
export function readAnnotations(
  { effect, annotations = {} }: PolicyJson,
  report: (name: string, message: string) => void,
): CedarStatement {
  for (const name of Object.keys(annotations)) {
    if (KNOWN.includes(name)) continue;
    report(
      name,
      `Unknown annotation "@${name}". Known are ${KNOWN.map((known) => `@${known}`).join(', ')}.${didYouMean(name, KNOWN)}`,
    );
  }
  const isApproval = annotations.effect !== undefined;
  if (isApproval && annotations.effect !== 'require_approval') {
    report('effect', `It can only be "require_approval", not "${annotations.effect ?? ''}".`);
  }
  if (isApproval && effect === 'forbid') {
    report('effect', 'Only a permit can require an approval; a forbid always denies.');
  }
  for (const name of APPROVAL) {
    if (!isApproval && annotations[name] !== undefined) report(name, `It needs @effect("require_approval") too.`);
  }
  const sid = annotations.id === undefined || annotations.id === '' ? {} : { sid: annotations.id };
  if (!isApproval) return { effect: effect === 'permit' ? 'allow' : 'deny', ...sid };
  return { effect: 'require_approval', ...sid, approval: readApproval(annotations, report) };
}

function readApproval(
  annotations: Readonly<Record<string, string | null>>,
  report: (name: string, message: string) => void,
): ApprovalOptions {
  const listOf = (name: string) => {
    const items = (annotations[name] ?? '').split(',').map((item) => item.trim());
    const given = items.filter((item) => item !== '');
    if (Object.hasOwn(annotations, name) && given.length < items.length) {
      report(name, 'It must be a list separated by commas, without empty items.');
    }
    return given;
  };
  const masks = listOf('approval_mask_inputs');
  for (const mask of masks.filter((each) => !isPointer(each))) report('approval_mask_inputs', pointerMessage(mask));
  const expiry = annotations.approval_expires_in_seconds;
  const seconds = /^\d+$/.test(expiry ?? '') ? Number(expiry) : NaN;
  if (typeof expiry === 'string' && !isExpiry(seconds)) report('approval_expires_in_seconds', EXPIRY_MESSAGE);
  const reason = annotations.approval_reason;
  return {
    roles: listOf('approval_roles'),
    mask_inputs: masks,
    ...(typeof expiry === 'string' ? { expires_in_seconds: seconds } : {}),
    ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
  };
}
