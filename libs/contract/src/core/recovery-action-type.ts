/** What can be done after an evaluation. (`core/recovery_action_type.schema.json`) */
export const RECOVERY_ACTION_TYPES = ['retry', 'remap', 'decompose_further', 'ask_user', 'abort'] as const;

export type RecoveryActionType = (typeof RECOVERY_ACTION_TYPES)[number];
