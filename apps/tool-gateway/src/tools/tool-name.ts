const OURS = 'jarvis.';

/** What the name of a tool can be, whether or not there is one. */
export const TOOL_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** How agents call a node type. */
export interface ToolName {
  readonly tool: string;
  readonly action: string;
}

/**
 * A tool is a node pack, and its actions are the nodes: `jarvis.http_fetch.get` of the pack `jarvis.http_fetch` is `get` of `http_fetch`,
 * `acme.weather.now` of `acme.weather` is `now` of `acme.weather`.
 *
 * @param packId of the pack; without one, and where the id does not begin with it, the last part of the id is the action
 * @returns undefined for an id that has no such parts
 */
export function toolNameOf(nodeTypeId: string, packId: unknown): ToolName | undefined {
  const isOfPack = typeof packId === 'string' && packId !== '' && nodeTypeId.startsWith(`${packId}.`);
  const end = isOfPack ? packId.length : nodeTypeId.lastIndexOf('.');
  const pack = nodeTypeId.slice(0, Math.max(end, 0));
  const tool = pack.startsWith(OURS) ? pack.slice(OURS.length) : pack;
  const action = nodeTypeId.slice(end + 1);
  return tool === '' || `${tool}.` === OURS || action === '' ? undefined : { tool, action };
}
