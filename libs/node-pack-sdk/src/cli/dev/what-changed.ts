import { isDeepStrictEqual } from 'node:util';
import type { ManifestNode, NodePackManifest } from '../../manifest.js';

/** What is different in the nodes, a line for each node; empty: the manifests say the same. */
export function whatChanged(before: readonly NodePackManifest[], after: readonly NodePackManifest[]): string[] {
  const [old, now] = [nodesById(before), nodesById(after)];
  const ids = [...new Set([...old.keys(), ...now.keys()])].sort();
  return ids.flatMap((id) => {
    const [was, is] = [old.get(id), now.get(id)];
    if (was === undefined) return [`${id} is new`];
    if (is === undefined) return [`${id} is gone`];
    const fields = differentFields(was, is);
    return fields.length === 0 ? [] : [`${id}: ${fields.join(', ')} changed`];
  });
}

function nodesById(manifests: readonly NodePackManifest[]): Map<string, ManifestNode & { version: string }> {
  return new Map(manifests.flatMap(({ version, nodes }) => nodes.map((node) => [node.id, { ...node, version }])));
}

function differentFields(was: object, is: object): string[] {
  const fields = new Set([...Object.keys(was), ...Object.keys(is)]);
  const value = (node: object, field: string) => (node as Record<string, unknown>)[field];
  return [...fields].filter((field) => !isDeepStrictEqual(value(was, field), value(is, field)));
}
