import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { call } from '../e2e/http.js';
import { startPdp } from '../e2e/pdp.js';
import type { StartedPdp } from '../e2e/pdp.js';
import { inOneProcess } from '../e2e/suites.js';
import type { SuiteUnderTest } from '../e2e/suites.js';
import { describeWithStandard, resolvedSchema } from './standard.js';

type Json = Record<string, unknown>;
interface Operation {
  operationId?: string;
  tags?: string[];
  summary?: string;
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema?: unknown }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: unknown }> };
  responses: Record<
    string,
    { $ref?: string; content?: Record<string, { schema: unknown }>; headers?: Record<string, { schema: unknown }> }
  >;
}
interface Document {
  info: { title: string; version: string };
  security: object[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Json; responses?: Record<string, Operation['responses'][string]>; securitySchemes: Json };
}

const APPROVALS = [
  'GET /v1/approvals',
  'GET /v1/approvals/{approval_id}',
  'POST /v1/approvals/{approval_id}:approve',
  'POST /v1/approvals/{approval_id}:deny',
];

/** Everything that we serve beyond the standard. Nothing else may differ. */
const ADDITIONS = {
  routes: {
    'run-gateway': [...APPROVALS, 'GET /v1/runs', 'GET /v1/runs/{run_id}/node-runs'],
    'run-coordinator': [...APPROVALS, 'GET /v1/runs', 'GET /v1/runs/{run_id}/node-runs'],
    'atomic-executor': [
      'GET /v1/artifacts/{artifact_id}',
      'GET /v1/atomic-node-runs',
      'GET /v1/node-packs',
      'GET /v1/node-types',
    ],
  } as Record<string, string[]>,
  queryParameters: {
    stream_run_events: ['cursor', 'limit', 'follow'],
    stream_node_run_events: ['cursor', 'limit', 'follow'],
  } as Record<string, string[]>,
  headerParameters: {
    start_run: ['Idempotency-Key'],
    report_node_run_evaluation: ['Idempotency-Key'],
    stream_run_events: ['Last-Event-ID'],
    stream_node_run_events: ['Last-Event-ID'],
  } as Record<string, string[]>,
  /** Only where callers are authenticated: another way to get the token of the standard's scheme. */
  securitySchemes: ['ArpOpenIdConnect'],
  mediaTypes: {
    stream_run_events: ['text/event-stream'],
    stream_node_run_events: ['text/event-stream'],
  } as Record<string, string[]>,
};

const MODES = ['disabled', 'required'] as const;
/** The suite, and the policy decision point beside it. */
type Started = SuiteUnderTest & { readonly pdp: StartedPdp };

const SERVICES = [
  ['run-gateway', (suite: Started) => suite.gateway],
  ['run-coordinator', (suite: Started) => suite.coordinator],
  ['atomic-executor', (suite: Started) => suite.executor],
  ['pdp', (suite: Started) => suite.pdp.url],
] as const;

describeWithStandard('The OpenAPI document that each service serves', () => {
  const suites = new Map<string, Started>();
  beforeAll(async () => {
    for (const mode of MODES) {
      const env = { ARP_AUTH_MODE: mode };
      suites.set(mode, { ...(await inOneProcess(env)), pdp: await startPdp(env) });
    }
  });
  afterAll(async () => {
    for (const suite of suites.values()) {
      await suite.pdp.stop();
      await suite.stop();
    }
  });

  describe.each(MODES.flatMap((mode) => SERVICES.map(([name, baseUrl]) => [mode, name, baseUrl] as const)))(
    'authentication %s: %s',
    (mode, name, baseUrl) => {
      const beyond = mode === 'disabled' ? [] : ADDITIONS.securitySchemes;
      let ours: Document;
      let standard: Document;
      beforeAll(async () => {
        const suite = suites.get(mode);
        if (suite === undefined) throw new Error(`there is no suite with authentication ${mode}`);
        ours = (await call<Document>('GET', `${baseUrl(suite)}/openapi.json`)).body;
        standard = parse(readFileSync(`../shared/arp-spec/v1/openapi/${name}.openapi.yaml`, 'utf8')) as Document;
      });

      it('has the title, version, security and security scheme of the standard', () => {
        expect({ title: ours.info.title, version: ours.info.version }).toEqual({
          title: standard.info.title,
          version: standard.info.version,
        });
        expect(ours.security).toEqual([...standard.security, ...beyond.map((scheme) => ({ [scheme]: [] }))]);
        expect(without(ours.components.securitySchemes, beyond)).toEqual(standard.components.securitySchemes);
        expect(Object.keys(ours.components.securitySchemes)).toEqual(expect.arrayContaining(beyond));
      });

      it('has the routes of the standard and the additions listed here', () => {
        expect(routesOf(ours)).toEqual([...routesOf(standard), ...(ADDITIONS.routes[name] ?? [])].sort());
      });

      it('has the operations of the standard: ids, parameters, bodies, responses, security', () => {
        let compared = 0;
        for (const [path, methods] of Object.entries(standard.paths)) {
          for (const [method, theirs] of Object.entries(methods)) {
            const operation = ours.paths[path]?.[method];
            expect(operation).toBeDefined();
            if (operation !== undefined) expect(comparable(ours, operation)).toEqual(comparable(standard, theirs));
            compared += 1;
          }
        }
        expect(compared).toBe(routesOf(standard).length);
      });
    },
  );

  it('would notice another schema, parameter or response', () => {
    const standard = parse(readFileSync('../shared/arp-spec/v1/openapi/run-gateway.openapi.yaml', 'utf8')) as Document;
    const start = standard.paths['/v1/runs']?.['post'];
    if (start === undefined) throw new Error('the standard has no start_run');
    const reference = comparable(standard, start);
    const mutants: Operation[] = [
      { ...start, operationId: 'other' },
      {
        ...start,
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Run' } } },
        },
      },
      { ...start, parameters: [{ name: 'x', in: 'header', schema: { type: 'string' } }] },
      { ...start, responses: { '200': { content: {} } } },
      { ...start, security: [] },
    ];
    for (const mutant of mutants) expect(comparable(standard, mutant)).not.toEqual(reference);
  });
});

function routesOf(document: Document): string[] {
  return Object.entries(document.paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    .sort();
}

/** What an operation means, with references resolved and prose left out. */
function comparable(document: Document, operation: Operation): unknown {
  const id = operation.operationId ?? '';
  const extra = {
    query: ADDITIONS.queryParameters[id] ?? [],
    header: ADDITIONS.headerParameters[id] ?? [],
    mediaTypes: ADDITIONS.mediaTypes[id] ?? [],
  };
  return {
    operationId: operation.operationId,
    tags: operation.tags,
    summary: operation.summary,
    // Each alternative is a requirement of its own; those of ours must not be in one with those of the standard.
    security: (operation.security ?? document.security).filter(
      (requirement) => !ADDITIONS.securitySchemes.includes(Object.keys(requirement).join()),
    ),
    parameters: (operation.parameters ?? [])
      .filter(({ name, in: place }) => !((place === 'query' || place === 'header') && extra[place].includes(name)))
      .map(({ name, in: place, required, schema }) => ({
        name,
        in: place,
        required: required === true,
        schema: plain(document, schema),
      })),
    requestBody: operation.requestBody && {
      required: operation.requestBody.required === true,
      content: contents(document, operation.requestBody.content),
    },
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => {
        const resolved =
          response.$ref === undefined
            ? response
            : (document.components.responses?.[response.$ref.split('/').at(-1) ?? ''] ?? response);
        return [
          status,
          {
            content: contents(document, without(resolved.content ?? {}, status === '200' ? extra.mediaTypes : [])),
            headers: Object.fromEntries(
              Object.entries(resolved.headers ?? {}).map(([name, { schema }]) => [name, schema]),
            ),
          },
        ];
      }),
    ),
  };
}

function without<T>(entries: Record<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => !names.includes(name)));
}

function contents(document: Document, content: Record<string, { schema: unknown }>): unknown {
  return Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, plain(document, schema)]));
}

/** A schema without references, titles, descriptions; `required` in one order. */
function plain(document: Document, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((item) => plain(document, item));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref } = schema as { $ref?: string };
  if ($ref?.startsWith('#/components/schemas/') === true) {
    return plain(document, document.components.schemas[$ref.split('/').at(-1) ?? '']);
  }
  if ($ref?.startsWith('../schemas/') === true) {
    return plain(document, resolvedSchema($ref.replace('../schemas/', '').replace('.schema.json', '')));
  }
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !((key === 'title' || key === 'description') && typeof value === 'string'))
      .map(([key, value]) => [
        key,
        key === 'required' && Array.isArray(value) ? [...value].sort() : plain(document, value),
      ]),
  );
}
