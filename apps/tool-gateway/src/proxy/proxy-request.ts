import { BooleanField, fieldsOf, JsonObjectField, readRequest, StringField } from '#contract';
import { invalidRequest, readIdempotencyKey } from '#http';
import { DEEPEST_JSON, isTooDeep } from '../json-depth.js';

/** A call of a tool. */
export class ProxyRequest {
  @StringField({ optional: true, description: 'The agent token, unless it is in the header Authorization.' })
  agent_token?: string;

  @StringField({ optional: true, description: 'If given, it must be that of the token.' })
  token_id?: string;

  @StringField()
  tool!: string;

  @StringField()
  action!: string;

  @JsonObjectField({
    description: 'As the input schema of the action says; `intent` and `idempotency_key` are taken out of it.',
  })
  params!: Record<string, unknown>;

  @StringField({ optional: true, description: 'What the call is for; policies may demand it.' })
  intent?: string;

  @BooleanField({
    optional: true,
    description: 'Answer at once with a job, whose result is fetched later. Default false.',
  })
  async?: boolean;

  @StringField({ optional: true, description: 'Of the original wire; not looked at. See the header DPoP.' })
  proof_payload?: string;

  @StringField({ optional: true, description: 'As the header Idempotency-Key.' })
  idempotency_key?: string;
}

/** A call as the rest of the gateway knows it: everything is where it belongs. */
export interface ToolRequest {
  readonly tool: string;
  readonly action: string;
  /** Without what is not a parameter of the action. */
  readonly params: Record<string, unknown>;
  readonly intent: string | undefined;
  readonly isAsync: boolean;
  readonly idempotencyKey: string | undefined;
  /** Of the body. */
  readonly bytes: number;
}

const KEY_LENGTH = 255;

/**
 * Reads the body: strictly, but null for what is optional counts as absent, since clients of the original gateway send it so.
 *
 * @throws ContractViolation
 */
export function readProxyRequest(body: unknown): ProxyRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return readRequest(ProxyRequest, body);
  const fields = fieldsOf(ProxyRequest);
  const said = Object.entries(body).filter(([name, value]) => value !== null || fields.get(name)?.optional !== true);
  return readRequest(ProxyRequest, Object.fromEntries(said));
}

/**
 * @param header `Idempotency-Key`
 * @throws AppError invalid_request: a key that is none, or several that differ; params that are nested too deep
 */
export function toolRequestOf(request: ProxyRequest, header: string | string[] | undefined): ToolRequest {
  if (isTooDeep(request.params)) {
    throw invalidRequest([{ path: 'params', message: `must not be nested deeper than ${DEEPEST_JSON} levels` }]);
  }
  const { intent: innerIntent, idempotency_key: snake, idempotencyKey: camel, ...params } = request.params;
  const keys = [
    readIdempotencyKey(header),
    readKey('idempotency_key', request.idempotency_key),
    readKey('params.idempotency_key', snake),
    readKey('params.idempotencyKey', camel),
  ].filter((key) => key !== undefined);
  if (new Set(keys).size > 1) {
    throw invalidRequest([{ path: 'idempotency_key', message: 'is not the same as in the header or in params' }]);
  }
  return {
    tool: request.tool,
    action: request.action,
    params,
    intent: request.intent ?? readIntent(innerIntent),
    isAsync: request.async === true,
    idempotencyKey: keys[0],
    bytes: Buffer.byteLength(JSON.stringify(request.params)),
  };
}

function readIntent(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw invalidRequest([{ path: 'params.intent', message: 'must be a string' }]);
}

function readKey(path: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= KEY_LENGTH) return value;
  throw invalidRequest([{ path, message: `must be a string of 1 to ${KEY_LENGTH} characters` }]);
}
