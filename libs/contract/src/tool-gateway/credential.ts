import { StringField } from '../fields/fields.js';

/** A secret as it was stored. Nobody logs it or passes it on. (beyond the standard) */
export class Credential {
  @StringField()
  name!: string;

  @StringField({ description: 'Which of those that were stored under the name.' })
  version!: string;

  @StringField()
  secret!: string;
}
