import openapiTS, { astToString } from 'openapi-typescript';
import type { OpenAPI3 } from 'openapi-typescript';
import type { RunEvent as ClientRunEvent } from '@arp-jarvis/client';
import type { RunEvent } from '#contract';
import { call } from '../e2e/http.js';
import { inOneProcess } from '../e2e/suites.js';
import type { SuiteUnderTest } from '../e2e/suites.js';
import { expectCheckedIn } from './checked-in.js';

const HEAD = '// Generated from the OpenAPI document as served, by `npm run docs`; a test compares.\n\n';

/** The operations whose parameters the client takes from each document; of the others it takes nothing but schemas. */
const OPERATIONS = { gateway: ['list_runs', 'list_node_runs', 'list_approvals'], 'atomic-executor': [] } as const;

/** A document without the paths that have none of some operations. */
function withOperations(document: OpenAPI3, ids: readonly string[]): OpenAPI3 {
  const paths = Object.entries(document.paths ?? {}).filter(([, methods]) =>
    Object.values(methods).some(({ operationId }: { readonly operationId?: string }) =>
      ids.includes(operationId ?? ''),
    ),
  );
  return { ...document, paths: Object.fromEntries(paths) };
}

/** Assignable both ways; streams are not in the OpenAPI documents. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

describe('the types of the client are those of the services', () => {
  let suite: SuiteUnderTest;
  beforeAll(async () => {
    suite = await inOneProcess();
  });
  afterAll(() => suite.stop());

  it.each(['gateway', 'atomic-executor'] as const)('libs/client/src/generated/%s.ts', async (name) => {
    const base = name === 'atomic-executor' ? suite.executor : suite[name];
    const { body } = await call<OpenAPI3>('GET', `${base}/openapi.json`);
    const taken = withOperations(body, OPERATIONS[name]);
    expectCheckedIn(`libs/client/src/generated/${name}.ts`, HEAD + astToString(await openapiTS(taken)));
  });

  it('RunEvent', () => {
    const isSame: Same<ClientRunEvent, RunEvent> = true;
    expect(isSame).toBe(true);
  });
});
