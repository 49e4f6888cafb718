import { TerminalError } from '../errors.js';

export function credentialNotDeclared(name: string): TerminalError {
  return new TerminalError(
    `The node does not declare the credential ${name}. Its author lists the names it reads under "credentials".`,
    { code: 'credential_not_declared' },
  );
}

export function credentialMissing(name: string): TerminalError {
  return new TerminalError(
    `There is no credential ${name} for whoever this run belongs to. Somebody who may manage credentials stores and activates one under this name in the tool gateway.`,
    { code: 'credential_missing' },
  );
}
