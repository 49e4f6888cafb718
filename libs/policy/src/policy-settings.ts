import { defineSettings, text, yesNo } from '#config';
import type { SettingsOf } from '#config';

export const policySettings = defineSettings(
  {
    JARVIS_POLICY_PROFILE: text({
      default: undefined,
      choices: ['dev-allow'] as const,
      desc: 'dev-allow allows everything, for local development, whatever JARVIS_POLICY_PATH says. Without it and without a policy everything is denied.',
    }),
    JARVIS_POLICY_PATH: text({
      default: undefined,
      desc: 'File with the policy: statements as JSON, or Cedar when its name ends in .cedar. Read again whenever it changes; one that cannot be used denies everything at the start, and later leaves the last one in force. docs/policy.md describes it.',
      example: '/etc/jarvis/policy.json',
    }),
    JARVIS_POLICY_DRY_RUN: yesNo({
      default: false,
      desc: 'For trying a policy out: what it denies or wants approved is written to the log as a warning, and allowed.',
    }),
  },
  { JARVIS_POLICY_PATH: ['ARP_POLICY_PATH'] },
);

export type PolicySettings = SettingsOf<typeof policySettings>;
