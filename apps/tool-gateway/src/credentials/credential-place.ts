import type { SealedPlace } from '../secret-box/secret-box.js';
import type { ToolCredentialEntity } from '../tables/tool-credential.entity.js';

/** Owner of the credentials that serve all who have none of their own. */
export const INSTALLATION = '';

/** Where the secret of a version belongs: given to another tool it does not open either. */
export function placeOf({
  credential_id: id,
  tool,
  owner,
}: Pick<ToolCredentialEntity, 'credential_id' | 'tool' | 'owner'>): SealedPlace {
  return { table: 'tool_credentials', id: `${id} of ${tool}`, owner };
}
