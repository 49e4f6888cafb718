import type { TokenSource } from '#auth';
import { Health, NodeRegistryApi, NodeType } from '#contract';
import type { NodeTypeQuery, RequestContext } from '#contract';
import { Peer } from './peer.js';

const PING_TIMEOUT_MS = 2_000;

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

  async ping(ctx: RequestContext): Promise<void> {
    await this.peer.json(
      ctx,
      { method: 'GET', path: '/v1/health', timeoutMs: PING_TIMEOUT_MS, isPublic: true },
      Health,
    );
  }

  async close(): Promise<void> {
    await this.peer.close();
  }
}
