import type { ErrorObject, ValidateFunction } from 'ajv';
import { fullInstance, mutantsOf } from './mutants.js';
import type { Mutant } from './mutants.js';
import { objectionsTo } from './schema-map.js';
import { describeWithStandard, resolvedSchema, schemaNames, standardValidators, vectors } from './standard.js';

const MAX_ISSUES = 50;

/** Every mutant of the standard's own vectors of a schema, and of an instance that has everything. */
function* mutantsOfSchema(name: string): Generator<Mutant> {
  const schema = resolvedSchema(name);
  const originals = vectors('json_vectors').filter((vector) => vector.name === name);
  for (const { value } of originals) yield* mutantsOf(schema, value, 'vector');
  yield* mutantsOf(schema, fullInstance(schema), 'full');
}

describeWithStandard('mutants of valid values', () => {
  const byStandard = standardValidators();
  const validatorOf = (name: string): ValidateFunction => {
    const validate = byStandard.get(name);
    if (validate === undefined) throw new Error(`no validator for ${name}`);
    return validate;
  };

  it.each(schemaNames())('%s: the full instance is valid', (name) => {
    const instance = fullInstance(resolvedSchema(name));
    expect(validatorOf(name)(instance)).toBe(true);
    expect(objectionsTo(name, instance)).toEqual([]);
  });

  it.each(schemaNames())('%s: we accept what the standard accepts, and object where it objects', (name) => {
    const validate = validatorOf(name);
    const disagreements: object[] = [];
    let accepted = 0;
    let refused = 0;
    for (const { what, value } of mutantsOfSchema(name)) {
      const byThem = validate(value) ? [] : placesOf(validate.errors ?? [], value);
      const byUs = objectionsTo(name, value).map(({ path }) => path);
      if (byThem.length === 0) accepted += 1;
      else refused += 1;
      const comparable = byThem.length <= MAX_ISSUES ? byThem : byUs;
      if ((byThem.length === 0) !== (byUs.length === 0) || comparable.join('\n') !== byUs.join('\n')) {
        disagreements.push({ what, byThem, byUs });
      }
    }
    expect(disagreements.slice(0, 5)).toEqual([]);
    expect(disagreements).toHaveLength(0);
    // Otherwise nothing was compared.
    expect(accepted).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  it('covers tens of thousands of mutants', () => {
    let count = 0;
    for (const name of schemaNames()) for (const _ of mutantsOfSchema(name)) count += 1;
    expect(count).toBeGreaterThan(40_000);
  });
});

/** Where ajv objects, as our paths: sorted, each once. */
function placesOf(errors: readonly ErrorObject[], root: unknown): string[] {
  const places = errors.map(({ instancePath, params }) => {
    const keys = instancePath.split('/').slice(1);
    const at = keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const { missingProperty, additionalProperty } = params as Record<string, string | undefined>;
    const last = missingProperty ?? additionalProperty;
    return pathOf(last === undefined ? at : [...at, last], root);
  });
  return [...new Set(places)].sort();
}

function pathOf(keys: readonly string[], root: unknown): string {
  let path = '';
  let node = root;
  for (const key of keys) {
    if (Array.isArray(node)) path += `[${key}]`;
    else if (!/^[\w$-][\w$.-]*$/.test(key)) path += `[${JSON.stringify(key)}]`;
    else path += path === '' ? key : `.${key}`;
    node = (node as Record<string, unknown> | undefined)?.[key];
  }
  return path;
}
