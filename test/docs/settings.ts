import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { coordinatorSettings } from '../../apps/coordinator/src/coordinator.config.js';
import { gatewaySettings } from '../../apps/gateway/src/gateway.config.js';
import { pdpSettings } from '../../apps/pdp/src/pdp.config.js';
import { toolGatewaySettings } from '../../apps/tool-gateway/src/tool-gateway.config.js';
import { authSettings } from '#auth';
import { defineSettings, isSecret, secretFileName, serviceSettings } from '#config';
import type { SettingsDefinition, SettingSpecs } from '#config';

/** One setting as the documents show it. */
export interface DocumentedSetting {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly fallback: string;
  readonly description: string;
  readonly choices: readonly string[];
  readonly example: string | undefined;
  /** The variable that may name a file with the value instead: of a secret. */
  readonly file: string | undefined;
}

/** Every setting, under the service that has it; those that all have come first. */
export function settingsByService(): [string, DocumentedSetting[]][] {
  const every = defineSettings(
    { ...serviceSettings.specs, ...authSettings.specs },
    { ...serviceSettings.aliases, ...authSettings.aliases },
  );
  const shared = new Set(Object.keys(every.specs));
  const own = (definition: SettingsDefinition<SettingSpecs>) =>
    documented(definition).filter(({ name }) => !shared.has(name));
  return [
    ['Every service', documented(every)],
    ['Run Gateway', own(gatewaySettings)],
    ['Run Coordinator', own(coordinatorSettings)],
    ['Atomic Executor', own(atomicExecutorSettings)],
    ['Policy decision point', own(pdpSettings)],
    ['Tool gateway', own(toolGatewaySettings)],
  ];
}

function documented(definition: SettingsDefinition<SettingSpecs>): DocumentedSetting[] {
  return Object.entries(definition.specs).map(([name, spec]) => ({
    name,
    aliases: definition.aliases[name] ?? [],
    fallback:
      spec.default === undefined ? '' : Array.isArray(spec.default) ? spec.default.join(',') : String(spec.default),
    description: spec.desc ?? '',
    choices: (spec.choices ?? []).map(String),
    example: spec.example,
    file: isSecret(spec) ? secretFileName(name) : undefined,
  }));
}
