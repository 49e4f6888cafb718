import { parsePolicyDocument } from './policy-document.js';
import type { LoadedPolicy } from './loaded-policy.js';
import { statementEngine } from './statement-engine.js';

/**
 * Makes an engine of a policy. Never throws for what the text is.
 *
 * @param file its name says the language: Cedar when it ends in `.cedar`, else statements as JSON
 */
export async function loadPolicy(file: string, text: string): Promise<LoadedPolicy> {
  if (file.endsWith('.cedar')) {
    // The WebAssembly takes its time and memory only where there is a Cedar policy.
    const { parseCedarPolicy } = await import('./cedar/cedar-policy.js');
    return parseCedarPolicy(text);
  }
  const { document, problems } = parsePolicyDocument(text);
  return document === undefined ? { problems } : { engine: statementEngine(document), problems };
}
