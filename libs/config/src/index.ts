export {
  defineSettings,
  exactUrl,
  httpUrl,
  httpUrls,
  list,
  mayBeEmpty,
  namesThatMayBeEmpty,
  postgresUrl,
  readSettings,
  secret,
  secretLike,
  SettingsError,
  text,
  textLike,
  port,
  wholeNumber,
  yesNo,
} from './settings.js';
export type { SettingsDefinition, SettingsOf, SettingSpecs } from './settings.js';
export { isSecret, secretFileName } from './secret-files.js';
export { processEnvironment, readInvocation } from './process-environment.js';
export type { CommandLine, Invocation } from './process-environment.js';
export { serviceSettings } from './service-settings.js';
export type { ServiceSettings } from './service-settings.js';
