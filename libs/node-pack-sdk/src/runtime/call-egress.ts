import type { CallEgress } from '../http/egress-rules.js';
import { parseHostPattern } from '../http/host-patterns.js';
import { handlerError } from './handler-error.js';
import type { HandlerError } from './pack-host.js';
import { reasonOf } from './pack-module.js';

const KEY = 'jarvis.egress';
const SHAPE = `constraints.extensions["${KEY}"] must be { "allow"?: [hosts], "block"?: [hosts] }`;

/**
 * What the constraints of a call let it reach; undefined when they say nothing of it.
 *
 * @throws TypeError with a sentence when they say it in another way than they may: what is not understood must not be let through
 */
export function callEgressOf(constraints: object | undefined): CallEgress | undefined {
  const { extensions } = (constraints ?? {}) as { extensions?: unknown };
  if (!isObject(extensions) || !Object.hasOwn(extensions, KEY)) return undefined;
  const given = extensions[KEY];
  if (!isObject(given)) throw new TypeError(`${SHAPE}.`);
  const { allow, block, ...rest } = given;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new TypeError(`${SHAPE}; it has "${unknown}".`);
  return {
    ...(allow === undefined ? {} : { allow: patternsOf(allow, 'allow') }),
    ...(block === undefined ? {} : { block: patternsOf(block, 'block') }),
  };
}

/** Why a call cannot be run for what its constraints say of egress: invalid_constraints; undefined when it can. */
export function callEgressRefusal(constraints: object | undefined): HandlerError | undefined {
  try {
    callEgressOf(constraints);
    return undefined;
  } catch (error) {
    return handlerError('invalid_constraints', `${reasonOf(error)}.`);
  }
}

function patternsOf(value: unknown, field: string): string[] {
  if (!Array.isArray(value)) throw new TypeError(`${SHAPE}; "${field}" is no list.`);
  return value.map((pattern: unknown) => {
    if (typeof pattern !== 'string') throw new TypeError(`${SHAPE}; "${field}" has what is no text.`);
    parseHostPattern(pattern);
    return pattern;
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
