/** Why a pack was not admitted. Codes are stable; `docs/errors.md` lists them. */
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
  'node_schema_unreadable',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** A pack that does not run, and why. */
export interface PackRefusal {
  readonly code: RefusalCode;
  /** Name of the npm package; the folder where the name is not known. */
  readonly packageName: string;
  readonly packId?: string;
  /** One sentence that says what is wrong and what to do. */
  readonly message: string;
}

/** Thrown inside admission; becomes a PackRefusal. */
export class Refused extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly packId?: string,
  ) {
    super(message);
  }
}
