import { Module } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { completeSchemas, contractClasses } from '#contract';
import { COUNTERPARTS, counterpartOf } from './schema-map.js';
import { describeWithStandard, resolvedSchema, schemaNames } from './standard.js';

@Module({})
class NothingModule {}

/** Schemas whose OpenAPI form differs from the standard's, with the reason. None does. */
const DIFFERENCES: Readonly<Record<string, string>> = {};

/** Contract classes beyond the standard, which has no schema for them: what listings and approvals are made of. */
const ADDITIONS = [
  'Approval',
  'ApprovalDecisionRequest',
  'ApprovalList',
  'AtomicNodeRun',
  'AtomicNodeRunProgress',
  'Credential',
  'CredentialQuery',
  'NodePack',
  'NodePackRefusal',
  'NodeRunList',
  'RunList',
];

type Json = Record<string, unknown>;

describeWithStandard('OpenAPI schemas of the contract classes', () => {
  let app: NestFastifyApplication;
  let schemas: Json;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({ imports: [NothingModule] }).compile();
    app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().build(), {
      extraModels: contractClasses(),
    });
    schemas = completeSchemas(document).components?.schemas ?? {};
  });

  afterAll(async () => {
    await app.close();
  });

  it('has one schema for every contract class', () => {
    const names = contractClasses().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(schemas).sort()).toEqual([...names].sort());
  });

  it.each(schemaNames().filter((name) => !(name in DIFFERENCES)))('%s is what the standard has', (name) => {
    expect(comparable(ours(name))).toEqual(comparable(resolvedSchema(name)));
  });

  it('compares every class that has a schema file, and through it the classes nested in it', () => {
    const compared = new Set<string>();
    for (const counterpart of Object.values(COUNTERPARTS)) {
      if ('contractClass' in counterpart) collectReferences(counterpart.contractClass.name, schemas, compared);
    }
    expect([...compared, ...ADDITIONS].sort()).toEqual(Object.keys(schemas).sort());
  });

  function ours(name: string): unknown {
    const counterpart = counterpartOf(name);
    if ('contractClass' in counterpart) return resolve(schemas[counterpart.contractClass.name], schemas);
    if ('values' in counterpart) return { type: 'string', enum: [...counterpart.values] };
    const holder = resolve(schemas[counterpart.of.name], schemas) as { properties: Json };
    return holder.properties[counterpart.field];
  }
});

function resolve(node: unknown, schemas: Json): unknown {
  if (Array.isArray(node)) return node.map((item) => resolve(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const reference = referenceOf(node);
  if (reference !== undefined) return resolve(schemas[reference], schemas);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value, schemas)]));
}

function collectReferences(name: string, schemas: Json, found: Set<string>): void {
  if (found.has(name)) return;
  found.add(name);
  JSON.stringify(schemas[name], (_, value: unknown) => {
    const reference = typeof value === 'object' && value !== null ? referenceOf(value) : undefined;
    if (reference !== undefined) collectReferences(reference, schemas, found);
    return value;
  });
}

function referenceOf(node: object): string | undefined {
  const { $ref } = node as { $ref?: string };
  return $ref?.replace('#/components/schemas/', '');
}

/** Without what is for people, and without regard to the order of `required`. Properties called `title` stay. */
function comparable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(comparable);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { title, description, required, properties, ...rest } = schema as Json;
  void [title, description];
  return {
    ...Object.fromEntries(Object.entries(rest).map(([keyword, value]) => [keyword, comparable(value)])),
    ...(Array.isArray(required) ? { required: [...(required as string[])].sort() } : {}),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties as Json).map(([key, value]) => [key, comparable(value)]),
          ),
        }),
  };
}
