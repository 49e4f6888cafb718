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

function fixed(engine: PolicyEngine): PolicySource {
  return { engine, close: async () => {} };
}
