import { ErrorEnvelope, PERMISSIONS, readRequest } from '#contract';
import type { Permission } from '#contract';
import type { TokenClaims } from '#testing';
import { ToolErrorBody } from '../../apps/tool-gateway/src/wire/tool-error-body.js';
import { call } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';

/** The services of the suite, with the audience of each. */
export const SERVICES = [
  ['gateway', 'arp-run-gateway'],
  ['coordinator', 'arp-run-coordinator'],
  ['atomicExecutor', 'arp-atomic-executor'],
  ['toolGateway', 'arp-tool-gateway'],
  ['pdp', 'arp-pdp'],
] as const;

/** A route as the service's own OpenAPI document has it: a new one is in the table by itself. */
export interface Route {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly url: string;
  readonly audience: string;
  /** undefined: the guard looks at no token. */
  readonly permission: Permission | undefined;
}
interface Operation {
  readonly operationId: string;
  readonly 'x-permission'?: Permission;
}

/** What a route answers to whom. */
export interface Attack {
  readonly name: string;
  /** The header Authorization; undefined: none. */
  readonly authorization: (route: Route, token: (claims: TokenClaims) => string) => string | undefined;
  readonly judge: (answer: Answer, route: Route) => void;
}

/** Routes without a permission that let everybody in. */
export const PUBLIC: readonly string[] = [
  ...SERVICES.flatMap(([, audience]) => ['/v1/health', '/v1/version'].map((path) => `GET ${path} of ${audience}`)),
  'GET /api/health of arp-tool-gateway',
  'GET /api/ready of arp-tool-gateway',
  'GET /.well-known/jwks.json of arp-tool-gateway',
];

/** A route that no token of the identity provider opens, of whomever. */
interface ForAgents {
  readonly code: 'agent_assertion_invalid' | 'agent_token_invalid';
  readonly body?: object;
}

/** Routes without a permission that ask for something that only an agent has. */
export const FOR_AGENTS: Readonly<Record<string, ForAgents>> = {
  'POST /api/generate-token of arp-tool-gateway': {
    code: 'agent_assertion_invalid',
    body: { agent_id: 'agent_unknown', tools: ['serpapi'], permissions: ['read'] },
  },
  'POST /api/proxy-request of arp-tool-gateway': {
    code: 'agent_token_invalid',
    body: { tool: 'serpapi', action: 'search', params: { q: 'x' } },
  },
  'GET /api/jobs/{job_id} of arp-tool-gateway': { code: 'agent_token_invalid' },
};

export function nameOf({ method, path, audience }: Omit<Route, 'operationId' | 'url' | 'permission'>): string {
  return `${method} ${path} of ${audience}`;
}

/** The answer's error, checked strictly: the envelope of the standard, or the flat one of the routes below `/api`. */
export function refusalOf(
  answer: Answer,
  { path }: Pick<Route, 'path'>,
  status: number,
  code: string,
): { readonly code: string; readonly message: string; readonly details?: Record<string, unknown> } {
  const { code: answered, message, details } = path.startsWith('/api/') ? flat(answer) : envelope(answer);
  expect({ status: answer.status, code: answered }).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toContain('application/json');
  return { code: answered, message, ...(details === undefined ? {} : { details }) };
}

function envelope({ body }: Answer) {
  const { error } = readRequest(ErrorEnvelope, body);
  expect(error.retryable).toBe(false);
  return error;
}

function flat({ body, headers }: Answer) {
  const { error, correlation_id, ...rest } = readRequest(ToolErrorBody, body);
  expect(correlation_id).toBe(headers.get('x-correlation-id'));
  return { ...rest, message: error };
}

const is401 = (error: string, message: string) => (answer: Answer, route: Route) => {
  expect(refusalOf(answer, route, 401, 'unauthorized')).toEqual({ code: 'unauthorized', message, details: { error } });
  expect(answer.headers.get('www-authenticate')).toBe(`Bearer error="${error}", error_description="${message}"`);
};
const is403 = (answer: Answer, route: Route) => {
  const { permission } = route;
  expect(refusalOf(answer, route, 403, 'forbidden').details).toEqual({ required_permission: permission });
  expect(answer.headers.get('www-authenticate')).toBe(
    `Bearer error="insufficient_scope", error_description="The caller may not do this.", scope="${permission}"`,
  );
};
const isLetIn = ({ status }: Answer) => expect([401, 403, 500, 503]).not.toContain(status);
const past = () => Math.floor(Date.now() / 1_000) - 3_600;

/** Who comes to each route. */
export const ATTACKS: readonly Attack[] = [
  { name: 'no token', authorization: () => undefined, judge: is401('invalid_request', 'Missing Authorization header') },
  {
    name: 'a malformed header',
    authorization: () => 'Basic YWxpY2U6YWxpY2U=',
    judge: is401('invalid_request', 'Invalid Authorization header'),
  },
  {
    name: 'an expired token',
    authorization: (_, token) => token({ roles: ['arp-admin'], exp: past() }),
    judge: is401('invalid_token', 'Token expired'),
  },
  {
    name: 'a token of another issuer',
    authorization: (_, token) => token({ roles: ['arp-admin'], iss: 'https://login.example.com' }),
    judge: is401('invalid_token', 'Invalid token issuer'),
  },
  {
    name: 'a token for the other services',
    authorization: ({ audience }, token) =>
      token({ roles: ['arp-admin'], aud: SERVICES.map(([, name]) => name).filter((name) => name !== audience) }),
    judge: is401('invalid_token', 'Invalid token audience'),
  },
  { name: 'a token without a role', authorization: (_, token) => token({}), judge: is403 },
  {
    name: 'a token with every permission but the one',
    authorization: ({ permission }, token) =>
      token({ scope: PERMISSIONS.filter((other) => other !== permission).join(' ') }),
    judge: is403,
  },
  {
    name: 'a token with the one permission',
    authorization: ({ permission }, token) => token({ scope: permission }),
    judge: isLetIn,
  },
  { name: 'a token of an administrator', authorization: (_, token) => token({ roles: ['arp-admin'] }), judge: isLetIn },
];

/** Sends the attack to the route, with the body `{}` where it takes one, and judges the answer. */
export async function attack(
  route: Route,
  { authorization, judge }: Attack,
  token: (claims: TokenClaims) => string,
): Promise<void> {
  const header = authorization(route, (claims) => `Bearer ${token({ aud: route.audience, ...claims })}`);
  const name = nameOf(route);
  const forAgents = FOR_AGENTS[name];
  const body = forAgents?.body ?? (['POST', 'PATCH'].includes(route.method) ? {} : undefined);
  const answer = await call(route.method, route.url, body, header === undefined ? {} : { authorization: header });
  try {
    if (route.permission !== undefined) judge(answer, route);
    else if (forAgents !== undefined) refusalOf(answer, route, 401, forAgents.code);
    else expect({ isPublic: PUBLIC.includes(name), status: answer.status }).toEqual({ isPublic: true, status: 200 });
  } catch (error) {
    throw new Error(name, { cause: error });
  }
}

/** Every route of a service, as it tells itself. */
export async function routesOf(base: string, audience: string): Promise<Route[]> {
  const { body } = await call<{ paths: Record<string, Record<string, Operation>> }>('GET', `${base}/openapi.json`);
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operationId: operation.operationId,
      url: base + path.replaceAll(/\{\w+\}/g, 'unknown'),
      audience,
      permission: operation['x-permission'],
    })),
  );
}
