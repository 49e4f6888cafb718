import { ExtensionsField, IntegerField, StringField } from '../fields/fields.js';
import type { Extensions } from './extensions.js';

/** Where a listing goes on. No endpoint of the standard uses it, our listings do. (`common/pagination.schema.json`) */
export class Pagination {
  @StringField({ optional: true })
  next_page_token?: string;

  @IntegerField({ minimum: 1, maximum: 1000, optional: true, description: 'From 1 to 1000.' })
  page_size?: number;

  @ExtensionsField()
  extensions?: Extensions;
}
