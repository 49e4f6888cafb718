import fc from 'fast-check';
import { contractClasses, ContractViolation, fieldsOf, fromPeer, readRequest, toWire } from '#contract';
import type { ContractClass, FieldKind } from '#contract';
import { foreignOf, hostileOf, validOf } from './arbitraries.js';

/** For each of dozens of classes; what one run misses, another finds. */
const RUNS = { numRuns: 30 };

describe.each(contractClasses())('laws of $name', (contractClass) => {
  it('readRequest and fromPeer throw nothing but ContractViolation', () => {
    fc.assert(
      fc.property(hostileOf(contractClass), (value) => {
        expectNothingButViolations(() => readRequest(contractClass, value));
        expectNothingButViolations(() => fromPeer(contractClass, value));
      }),
    );
  });

  it('toWire gives back what readRequest read', () => {
    fc.assert(
      fc.property(validOf(contractClass), (value) => {
        const read = readRequest(contractClass, value);
        expect(JSON.stringify(read)).toBe(JSON.stringify(value));
        expect(JSON.stringify(toWire(read))).toBe(JSON.stringify(value));
        expect(toWire(read)).toBeInstanceOf(contractClass);
      }),
      RUNS,
    );
  });

  it('fromPeer reads a valid value as readRequest does', () => {
    fc.assert(
      fc.property(validOf(contractClass), (value) => {
        expect(fromPeer(contractClass, value)).toStrictEqual(readRequest(contractClass, value));
      }),
      RUNS,
    );
  });

  it('fromPeer makes any foreign value valid, does so once, and leaves the value as it was', () => {
    fc.assert(
      fc.property(foreignOf(contractClass), (value) => {
        const before = JSON.stringify(value);
        const once = fromPeer(contractClass, value);
        expect(JSON.stringify(value)).toBe(before);
        expect(readRequest(contractClass, toWire(once))).toStrictEqual(once);
        expect(fromPeer(contractClass, toWire(once))).toStrictEqual(once);
      }),
      RUNS,
    );
  });

  it('free-form objects are passed on by reference', () => {
    fc.assert(
      fc.property(validOf(contractClass), (value) => {
        const read = readRequest(contractClass, value);
        expectSameFreeForm(contractClass, read, value);
        expectSameFreeForm(contractClass, fromPeer(contractClass, value), value);
        expectSameFreeForm(contractClass, toWire(read), value);
      }),
      RUNS,
    );
  });
});

function expectNothingButViolations(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(ContractViolation);
    const { issues } = error as ContractViolation;
    expect(issues.length).toBeGreaterThan(0);
    expect(issues.length).toBeLessThanOrEqual(50);
  }
}

function expectSameFreeForm(contractClass: ContractClass, copy: object, original: object): void {
  for (const { name, kind } of fieldsOf(contractClass).values()) {
    const [ours, theirs] = [copy, original].map((value) => (value as Record<string, unknown>)[name]);
    expectSameOfKind(kind, ours, theirs);
  }
}

function expectSameOfKind(kind: FieldKind, copy: unknown, original: unknown): void {
  if (kind.type === 'json') expect(copy).toBe(original);
  else if (kind.type === 'object' && original !== undefined) {
    expectSameFreeForm(kind.of(), copy as object, original as object);
  } else if (kind.type === 'array' && original !== undefined) {
    (original as unknown[]).forEach((item, index) => expectSameOfKind(kind.items, (copy as unknown[])[index], item));
  }
}
