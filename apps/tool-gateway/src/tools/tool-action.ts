import type { AtomicExecutorApi, NodeTypeRef, SideEffectClass } from '#contract';

/** What an agent can call: a node type of an atomic executor. */
export interface ToolAction {
  readonly tool: string;
  readonly action: string;
  readonly nodeType: NodeTypeRef;
  /** `write` where the node type does not say. */
  readonly sideEffect: SideEffectClass;
  /** Whether doing it again does no more than doing it once. False where the node type does not say. */
  readonly isIdempotent: boolean;
  /** Names of the credentials that it reads. */
  readonly credentials: readonly string[];
  /** Hosts that the node declares; `*` and `*.…`: the agent chooses. */
  readonly egress: readonly string[];
  /** JSON Schema of its parameters. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** Runs it. */
  readonly executor: AtomicExecutorApi;
}

/** The permission of a token that covers an action. */
export function permissionFor({ sideEffect }: Pick<ToolAction, 'sideEffect'>): 'read' | 'write' {
  return sideEffect === 'read' ? 'read' : 'write';
}
