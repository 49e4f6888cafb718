/**
 * What `ctx.http` may reach. A host pattern: `api.example.com`, `*.example.com` (its subdomains, not itself) or `*`, with `:8443` or
 * `:*` for other ports than 80 and 443.
 */
export interface EgressRules {
  /** Host patterns that the node declares. Empty: nothing. */
  readonly declared: readonly string[];
  /** Host patterns that the operator allows at all; absent: every public host. */
  readonly allow?: readonly string[];
  /** Host patterns that the operator forbids; wins over everything. Here a pattern without a port stands for every port. */
  readonly block: readonly string[];
  /** Addresses or CIDR ranges that are not public and may be reached nevertheless, such as `10.1.0.0/16`. */
  readonly allowPrivate: readonly string[];
  /** What of that this one call may reach; absent: all of it. */
  readonly call?: CallEgress;
  /** `constraints.budgets.max_external_calls`; absent: no limit. */
  readonly maxCalls?: number;
}

/** `constraints.extensions['jarvis.egress']`: makes what a node may call narrower for one call, never wider. */
export interface CallEgress {
  /** Host patterns; absent: what node and operator allow. Empty: nothing. */
  readonly allow?: readonly string[];
  /** Host patterns; one without a port stands for every port. Default: none. */
  readonly block?: readonly string[];
}
