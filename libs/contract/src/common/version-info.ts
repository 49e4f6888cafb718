import { BooleanField, ExtensionsField, ObjectField, StringArrayField, StringField } from '../fields/fields.js';
import type { Extensions } from './extensions.js';

/** What a service was built from. */
export class VersionBuild {
  @StringField({ optional: true })
  commit?: string;

  @StringField({ format: 'date-time', optional: true })
  built_at?: string;

  @BooleanField({ optional: true })
  dirty?: boolean;
}

/** Which service this is and which versions of the API it speaks. (`common/version_info.schema.json`) */
export class VersionInfo {
  @StringField()
  service_name!: string;

  @StringField()
  service_version!: string;

  @StringArrayField({ minItems: 1 })
  supported_api_versions!: string[];

  @ObjectField(() => VersionBuild, { optional: true })
  build?: VersionBuild;

  @ExtensionsField()
  extensions?: Extensions;
}
