import type { PolicyDecisionApi } from '#contract';
import type { DependencyCheck, Logger } from '#http';
import { LocalPolicy, logPolicyStatus, openPolicy, PolicyCheckpoint, PolicyFileCheck, RemotePolicy } from '#policy';
import type { CoordinatorSettings } from './coordinator.config.js';
import { PolicyDecisionPointCheck } from './health/dependency-checks.js';

/** The checkpoint with what stands behind it. */
export interface OpenCheckpoint {
  readonly checkpoint: PolicyCheckpoint;
  /** None where neither a file nor another service decides. */
  readonly checks: readonly DependencyCheck[];
  close(): Promise<void>;
}

/** The checkpoint as the settings say: the policy decision point when there is one, else the policy of this process. */
export async function openCheckpoint(
  settings: CoordinatorSettings,
  { service, pdp }: { readonly service: string; readonly pdp: PolicyDecisionApi | undefined },
  logger: Logger,
): Promise<OpenCheckpoint> {
  const isDryRun = settings.JARVIS_POLICY_DRY_RUN;
  if (isDryRun) logger.warn('JARVIS_POLICY_DRY_RUN: what policy denies is allowed, with a warning in this log');
  if (pdp !== undefined) {
    const remote = new RemotePolicy(pdp, { timeoutMs: settings.JARVIS_PDP_TIMEOUT_MS }, logger);
    return {
      checkpoint: new PolicyCheckpoint(remote, isDryRun, logger),
      checks: [new PolicyDecisionPointCheck(pdp)],
      close: async () => {},
    };
  }
  const source = await openPolicy(settings, { onStatus: logPolicyStatus(logger) });
  return {
    checkpoint: new PolicyCheckpoint(new LocalPolicy(source, () => service), isDryRun, logger),
    checks: source.status === undefined ? [] : [new PolicyFileCheck(source)],
    close: () => source.close(),
  };
}
