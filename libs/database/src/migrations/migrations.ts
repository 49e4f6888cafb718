import { RunsAndNodeRuns1763700000000 } from './1763700000000-runs-and-node-runs.js';
import { LeasesTimersLimits1763740000000 } from './1763740000000-leases-timers-limits.js';
import { Secrets1763750000000 } from './1763750000000-secrets.js';
import { Owners1763760000000 } from './1763760000000-owners.js';
import { Approvals1763770000000 } from './1763770000000-approvals.js';
import { ApprovalNotices1763771000000 } from './1763771000000-approval-notices.js';
import { ToolGateway1763780000000 } from './1763780000000-tool-gateway.js';
import { Unsent1763790000000 } from './1763790000000-unsent.js';

/** Every migration, oldest first. A migration that has been released is never edited. */
export const MIGRATIONS = [
  RunsAndNodeRuns1763700000000,
  LeasesTimersLimits1763740000000,
  Secrets1763750000000,
  Owners1763760000000,
  Approvals1763770000000,
  ApprovalNotices1763771000000,
  ToolGateway1763780000000,
  Unsent1763790000000,
];
