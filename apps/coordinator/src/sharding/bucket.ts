import { createHash, randomBytes } from 'node:crypto';

/**
 * Every row of a run carries the run's bucket, a hash of its id from 0 to 255. A node run id carries the bucket in its first two
 * hex digits, so that the row is found by that id alone. See docs/decisions/0003-bucket-in-node-run-id.md.
 */
export type Bucket = number;

const NODE_RUN_ID = /^node_run_([0-9a-f]{2})[0-9a-f]{30}$/;
const RUN_ID = /^[A-Za-z0-9._~-]{1,128}$/;

export function bucketOfRun(runId: string): Bucket {
  return createHash('sha256').update(runId).digest()[0] ?? 0;
}

/** The bucket of a node run, or undefined when the id is not one of ours: then there is no such node run. */
export function bucketOfNodeRun(nodeRunId: string): Bucket | undefined {
  const match = NODE_RUN_ID.exec(nodeRunId);
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16);
}

export function newRunId(): string {
  return `run_${randomBytes(16).toString('hex')}`;
}

/** Whether a caller may choose this run id: it must fit in a URL as it stands. */
export function isRunId(candidate: string): boolean {
  return RUN_ID.test(candidate);
}

export function newNodeRunId(bucket: Bucket): string {
  return `node_run_${hex(bucket)}${randomBytes(15).toString('hex')}`;
}

/** The id of a child with an idempotency key: the same key under the same parent is the same node run. */
export function keyedNodeRunId(bucket: Bucket, runId: string, parentNodeRunId: string, key: string): string {
  const digest = createHash('sha256').update(`${runId}:${parentNodeRunId}:${key}`).digest('hex');
  return `node_run_${hex(bucket)}${digest.slice(0, 30)}`;
}

function hex(bucket: Bucket): string {
  return bucket.toString(16).padStart(2, '0');
}
