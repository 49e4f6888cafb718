/** Why a pack is not admitted. Codes are stable; `docs/errors.md` of the suite lists them. */
export const REFUSAL_CODES = [
  'pack_folder_missing',
  'pack_metadata_invalid',
  'pack_denied',
  'pack_sdk_incompatible',
  'pack_path_outside_package',
  'pack_manifest_missing',
  'pack_manifest_invalid',
  'pack_module_missing',
  'pack_module_failed',
  'pack_handler_missing',
  'pack_handler_undeclared',
  'node_id_outside_pack',
  'node_id_reserved',
  'node_id_duplicate',
  'pack_id_duplicate',
  'node_schema_unreadable',
  'trust_tier_reserved',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** A package or pack that may not run; the message is one sentence or two: what is wrong, and what to do. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly packId?: string,
  ) {
    super(message);
  }
}
