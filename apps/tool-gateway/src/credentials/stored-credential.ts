import { BooleanField, JsonObjectField, ObjectArrayField, ObjectField, Pagination, StringField } from '#contract';

/** What is known of a version of a credential; the secret is not. */
export class StoredCredential {
  @StringField()
  id!: string;

  @StringField()
  tool!: string;

  @StringField()
  version!: string;

  @StringField({
    optional: true,
    description: 'Whose agents and runs it serves. Absent: all that have none of their own.',
  })
  owner?: string;

  @BooleanField({ description: 'Whether it is the one that is used.' })
  is_active!: boolean;

  @JsonObjectField({ optional: true })
  metadata?: Record<string, unknown>;

  @StringField({ format: 'date-time' })
  created_at!: string;

  @StringField({ format: 'date-time', optional: true, description: 'When it was made the active one last.' })
  activated_at?: string;
}

/** One page of versions, newest first. */
export class StoredCredentialList {
  @ObjectArrayField(() => StoredCredential)
  credentials!: StoredCredential[];

  @ObjectField(() => Pagination)
  pagination!: Pagination;
}
