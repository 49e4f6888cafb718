import { StringField } from '../fields/fields.js';

/** Asks for a secret that a node run may use. (beyond the standard) */
export class CredentialQuery {
  @StringField({ description: 'What nodes call it, such as `serpapi`.' })
  name!: string;

  @StringField({
    description:
      'The run that it is for. The run of a job or call of the tool gateway belongs to the owner of its agent.',
  })
  run_id!: string;

  @StringField({ optional: true, description: 'Owner of any other run. Absent without authentication.' })
  owner?: string;
}
