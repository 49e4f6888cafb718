/** How commands are carried out. */
export interface RunStoreOptions {
  /** Most commands that wait for the database; beyond it a command is refused with `overloaded`. */
  readonly maxQueued: number;
  /** Write down for the approval webhook what happens to approvals. Default: false. */
  readonly approvalNotices?: boolean;
}

export const RUN_STORE_OPTIONS = Symbol('run store options');
