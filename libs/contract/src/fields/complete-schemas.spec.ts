import { completeSchemas } from './complete-schemas.js';
import { StringField } from './fields.js';

class OfTheContract {
  @StringField()
  id!: string;
}

describe('completeSchemas', () => {
  it('closes the schemas of contract classes and no other', () => {
    const document = {
      components: { schemas: { [OfTheContract.name]: { type: 'object' }, Other: { type: 'object' } } },
    };
    expect(completeSchemas(document).components.schemas).toEqual({
      OfTheContract: { type: 'object', additionalProperties: false },
      Other: { type: 'object' },
    });
  });

  it('takes a document without schemas', () => {
    expect(completeSchemas({ components: {} })).toEqual({ components: {} });
    expect(completeSchemas({})).toEqual({});
  });
});
