import type { Logger } from '#http';
import { fixedEngine } from './engine/fixed-engine.js';
import type { PolicyEngine } from './engine/policy-engine.js';
import { PolicyFile } from './policy-file.js';
import type { PolicyFileOptions, PolicyFileStatus } from './policy-file.js';
import type { PolicySettings } from './policy-settings.js';

/** Where the engine that decides comes from. */
export interface PolicySource {
  /** The engine that decides now. Ask for it anew for each decision. */
  readonly engine: PolicyEngine;
  /** Of the policy file, where there is one. */
  readonly status?: PolicyFileStatus;
  close(): Promise<void>;
}

/** By the settings: the profile dev-allow (`dev_allow`), else the policy file, else a denial of everything (`policy_unconfigured`). */
export async function openPolicy(settings: PolicySettings, options: PolicyFileOptions = {}): Promise<PolicySource> {
  if (settings.JARVIS_POLICY_PROFILE === 'dev-allow') {
    return fixed(fixedEngine('allow', 'dev_allow', 'JARVIS_POLICY_PROFILE=dev-allow allows everything.'));
  }
  if (settings.JARVIS_POLICY_PATH !== undefined) return PolicyFile.open(settings.JARVIS_POLICY_PATH, options);
  const message = 'No policy is configured, so everything is denied. Set JARVIS_POLICY_PATH to a policy file.';
  return fixed(fixedEngine('deny', 'policy_unconfigured', message));
}

/** For `onStatus`: says in the log how the policy file stands. */
export function logPolicyStatus(logger: Logger): (status: PolicyFileStatus) => void {
  return ({ state, file, hash, version, errors, warnings }) => {
    for (const warning of warnings) logger.warn({ policy_file: file }, warning);
    if (state === 'valid') {
      logger.info({ policy_file: file, policy_hash: hash, policy_version: version }, 'the policy is in force');
      return;
    }
    const says = state === 'stale' ? 'the last policy that could stays in force' : 'everything is denied';
    logger.error({ policy_file: file, errors }, `the policy cannot be used; ${says}`);
  };
}

function fixed(engine: PolicyEngine): PolicySource {
  return { engine, close: async () => {} };
}
