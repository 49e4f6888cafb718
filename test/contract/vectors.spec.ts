import { fromPeer, readRequest, SIDE_EFFECT_CLASSES, toWire } from '#contract';
import { COUNTERPARTS, counterpartOf, objectionsTo } from './schema-map.js';
import { describeWithStandard, resolvedSchema, schemaNames, standardValidators, vectors } from './standard.js';

/** The standard's titles for which we have another name. */
const RENAMED: Readonly<Record<string, string>> = { Error: 'ErrorDetail' };

describeWithStandard('vectors of the ARP Standard', () => {
  const valid = vectors('json_vectors');
  const invalid = vectors('json_vectors_invalid');
  const byStandard = standardValidators();

  it('has a counterpart for every schema, and no other', () => {
    expect(Object.keys(COUNTERPARTS).sort()).toEqual(schemaNames());
  });

  it('has vectors for known schemas only', () => {
    const known = new Set(schemaNames());
    expect(valid.length).toBeGreaterThan(0);
    expect(invalid.length).toBeGreaterThan(0);
    expect([...valid, ...invalid].filter(({ name }) => !known.has(name))).toEqual([]);
  });

  it.each(schemaNames())('%s is named or listed as the standard has it', (name) => {
    const schema = resolvedSchema(name);
    const counterpart = counterpartOf(name);
    if ('contractClass' in counterpart) {
      const title = schema.title ?? '';
      expect(counterpart.contractClass.name).toBe(RENAMED[title] ?? title);
    } else if ('values' in counterpart) {
      expect([...counterpart.values]).toEqual(schema.enum);
    } else {
      expect(schema.properties).toBeUndefined();
    }
  });

  it('lists the side effect classes, which are an inline enum', () => {
    const gates = resolvedSchema('core/constraint_envelope').properties?.['gates'];
    expect([...SIDE_EFFECT_CLASSES]).toEqual(gates?.properties?.['side_effect_class']?.enum);
  });

  it.each(valid)('accepts the valid $name', ({ name, value }) => {
    expect(objectionsTo(name, value)).toEqual([]);
    const counterpart = counterpartOf(name);
    if (!('contractClass' in counterpart)) return;
    const { contractClass } = counterpart;
    expect(readRequest(contractClass, value)).toBeInstanceOf(contractClass);
    expect(toWire(readRequest(contractClass, value))).toEqual(value);
    expect(fromPeer(contractClass, value)).toEqual(value);
  });

  it.each(invalid)('refuses the invalid $name', ({ name, value }) => {
    expect(byStandard.get(name)?.(value)).toBe(false);
    expect(objectionsTo(name, value)).not.toEqual([]);
  });
});
