import fc from 'fast-check';
import { maskedInputs } from './masked-inputs.js';

type Step = string | number;

const SECRET = 'a-secret-that-is-nowhere-else';
const json = fc.dictionary(fc.string(), fc.jsonValue()).filter((value) => !JSON.stringify(value).includes(SECRET));
const escaped = (step: Step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1');

/** Every place in a value. */
function placesOf(value: unknown, at: readonly Step[] = []): (readonly Step[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  const members = Array.isArray(value)
    ? value.map((item: unknown, index): [Step, unknown] => [index, item])
    : Object.entries(value);
  return [...(at.length === 0 ? [] : [at]), ...members.flatMap(([key, item]) => placesOf(item, [...at, key]))];
}

/** A copy with `value` at a place. */
function put(into: unknown, [step, ...rest]: readonly Step[], value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(into)) {
    return into.map((item: unknown, index) => (index === step ? put(item, rest, value) : item));
  }
  const object = into as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(object).map(([key, item]) => [key, key === step ? put(item, rest, value) : item]),
  );
}

const placed = json
  .filter((value) => placesOf(value).some(({ length }) => length > 0))
  .chain((value) =>
    fc.record({
      value: fc.constant(value),
      place: fc.constantFrom(...placesOf(value).filter(({ length }) => length > 0)),
    }),
  );

describe('masked inputs', () => {
  it('never show what a pointer names, and show all the rest unchanged', () => {
    fc.assert(
      fc.property(placed, fc.constantFrom<unknown>(SECRET, [SECRET], { deep: { in: SECRET } }), (given, secret) => {
        const inputs = put(given.value, given.place, secret) as Record<string, unknown>;
        const pointer = given.place.map((step) => `/${escaped(step)}`).join('');
        const masked = maskedInputs(inputs, [pointer]);
        expect(JSON.stringify(masked)).not.toContain(SECRET);
        // A key `*` reaches further, as the star does.
        if (!given.place.includes('*')) expect(masked).toEqual(put(inputs, given.place, '***'));
      }),
    );
  });

  it('never show what a star reaches', () => {
    fc.assert(
      fc.property(placed, fc.nat(), ({ value, place }, which) => {
        const inputs = put(value, place, SECRET) as Record<string, unknown>;
        const pointer = place.map((step, index) => (index === which % place.length ? '/*' : `/${escaped(step)}`));
        expect(JSON.stringify(maskedInputs(inputs, [pointer.join('')]))).not.toContain(SECRET);
      }),
    );
  });

  it('are the inputs themselves where nothing is named', () => {
    fc.assert(
      fc.property(json, (inputs) => {
        expect(maskedInputs(inputs, [])).toEqual(inputs);
        expect(maskedInputs(inputs, ['/there/is/no/such/place'])).toEqual(inputs);
      }),
    );
  });

  it.each(['', 'token', '$.token', '#/token', '/to~ken', '/~2'])('show nothing at all for %j', (pointer) => {
    expect(maskedInputs({ token: SECRET, other: 1 }, ['/other', pointer])).toEqual({ inputs: '***' });
  });
});
