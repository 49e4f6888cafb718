import type { TokenSource } from '#auth';
import { NodeRegistryApi, NodeType } from '#contract';
import type { NodeTypeQuery, RequestContext } from '#contract';
import { Peer } from './peer.js';

/** A Node Registry over HTTP (node-registry.openapi.yaml). Whatever it answers but a node type or its absence is node_registry_unavailable. */
export class NodeRegistryClient extends NodeRegistryApi {
  private readonly peer: Peer;

  constructor(options: { readonly baseUrl: string; readonly tokens?: TokenSource; readonly timeoutMs: number }) {
    super();
    this.peer = new Peer({ ...options, unavailable: 'node_registry_unavailable', passOn: [] });
  }

  getNodeType(ctx: RequestContext, { node_type_id, version }: NodeTypeQuery): Promise<NodeType | undefined> {
    const query = version === undefined ? '' : `?version=${encodeURIComponent(version)}`;
    const path = `/v1/node-types/${encodeURIComponent(node_type_id)}${query}`;
    return this.peer.jsonIfFound(ctx, { method: 'GET', path }, NodeType, 'node_type_not_found');
  }

  ping(ctx: RequestContext): Promise<void> {
    return this.peer.ping(ctx);
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
}
