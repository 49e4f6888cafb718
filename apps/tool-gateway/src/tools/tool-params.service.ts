import { Injectable } from '@nestjs/common';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv';
import addFormatsModule from 'ajv-formats';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import { AppError } from '#contract';
import type { ToolAction } from './tool-action.js';

const MOST_SCHEMAS = 1_000;
const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => Ajv2020;

/** Checks parameters by the schemas of the actions. A schema is compiled once, whatever node types have it. */
@Injectable()
export class ToolParamsService {
  private readonly compiled = new LRUCache<string, ValidateFunction>({ max: MOST_SCHEMAS });
  /** An executor lists the same object until it lists anew. */
  private readonly hashes = new WeakMap<object, string>();

  /** @throws AppError tool_params_invalid that names the first parameter that is wrong; never its value */
  check({ inputSchema }: Pick<ToolAction, 'inputSchema'>, params: Record<string, unknown>): void {
    const validate = this.validatorOf(inputSchema);
    let isValid: boolean;
    try {
      isValid = validate(params);
    } catch (error) {
      // A schema that refers to itself and a value nested too deep: the stack is full.
      throw new AppError('tool_params_invalid', { message: 'The parameters are nested too deep.', cause: error });
    }
    if (isValid) return;
    const [first] = validate.errors ?? [];
    throw invalid(first);
  }

  private validatorOf(schema: object): ValidateFunction {
    const hash = this.hashes.get(schema) ?? createHash('sha256').update(stringify(schema)).digest('hex');
    this.hashes.set(schema, hash);
    const known = this.compiled.get(hash);
    if (known !== undefined) return known;
    // `allErrors` is off: a hostile value must not make us collect a million of them.
    const compiled = addFormats(new Ajv2020({ allErrors: false, strict: false, logger: false })).compile(schema);
    this.compiled.set(hash, compiled);
    return compiled;
  }
}

function invalid(error: ErrorObject | undefined): AppError {
  if (error === undefined) return new AppError('tool_params_invalid');
  const { missingProperty, additionalProperty } = error.params as Record<string, unknown>;
  const name = missingProperty ?? additionalProperty;
  const path = [
    ...error.instancePath.split('/').slice(1),
    ...(typeof name === 'string' ? [name.slice(0, 80)] : []),
  ].join('.');
  const said =
    missingProperty === undefined
      ? additionalProperty === undefined
        ? (error.message ?? 'is not valid')
        : 'is not known to this action'
      : 'is missing';
  return new AppError('tool_params_invalid', {
    message: `${path === '' ? 'params' : `params.${path}`} ${said}.`,
    details: { issues: [{ path, message: said }] },
  });
}
