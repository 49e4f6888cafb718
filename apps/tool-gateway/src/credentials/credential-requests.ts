import { JsonObjectField, StringField } from '#contract';

export class SetCredentialRequest {
  @StringField({ description: 'What nodes call the credential, such as serpapi.' })
  tool!: string;

  @StringField({ optional: true, description: 'Default: the next number.' })
  version?: string;

  @StringField({ description: 'The secret, at most 16,384 characters. It is encrypted and never shown again.' })
  credential!: string;

  @JsonObjectField({
    optional: true,
    description: 'What people want to know of it, at most 16,384 characters as JSON. Shown to whoever may list it.',
  })
  metadata?: Record<string, unknown>;
}

export class ActivateCredentialRequest {
  @StringField()
  id!: string;
}
