import { jsonObjectOf } from './json-object.js';

describe('jsonObjectOf', () => {
  it('is the object that a text is', () => {
    expect(jsonObjectOf(' {"a":{"b":[1]}} ')).toEqual({ a: { b: [1] } });
  });

  it.each(['', '<html>', '{"a":', 'null', '7', '"text"', '[{}]'])('there is none of %j', (text) => {
    expect(jsonObjectOf(text)).toBeUndefined();
  });
});
