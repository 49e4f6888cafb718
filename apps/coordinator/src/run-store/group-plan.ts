import type { Statement } from '#database';
import type { LoadedDocuments, LoadedRun, StartedRun } from '../lifecycle/run-draft.js';
import { bucketOfNodeRun, bucketOfRun } from '../sharding/bucket.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import type { RunEntity } from '../tables/run.entity.js';
import type { RunCommand } from './run-command.js';
import type { RowKey, RunWritesRepository } from './run-writes.repository.js';

type RequestRow = StartedRun & { readonly run_id: string };
type DocumentsRow = LoadedDocuments & { readonly node_run_id: string };
interface ReportKeyRow {
  readonly node_run_id: string;
  readonly idempotency_key: string;
}
type RowKind = 'heads' | 'requests' | 'nodeRuns' | 'documents' | 'reportKeys';

/** A read of a group, and what its rows are. */
interface GroupRead {
  readonly kind: RowKind;
  readonly statement: Statement;
}

/** What a group of commands looks at, each row once; nothing is read for what no command asks for. */
export function groupReads(all: readonly RunCommand<unknown>[], writes: RunWritesRepository): GroupRead[] {
  const commands = all.filter((command) => command.isNew !== true);
  const documented = commands.filter((command) => command.documents === true);
  const open = (among: readonly RunCommand<unknown>[]) => keysOfRuns(among.filter((command) => command.open === true));
  const reported = commands.filter((command) => command.reportKeys === true);
  const reads: GroupRead[] = [];
  const read = (kind: RowKind, keys: readonly RowKey[], statement: (keys: readonly RowKey[]) => Statement) => {
    if (keys.length > 0) reads.push({ kind, statement: statement(keys) });
  };
  // First the locks: what is read after them cannot change any more.
  read('heads', keysOfRuns(commands), (keys) => writes.lockRuns(keys));
  read('requests', keysOfRuns(documented), (keys) => writes.findRequests(keys));
  read('nodeRuns', keysOfNodeRuns(commands), (keys) => writes.findNodeRuns(keys));
  read('nodeRuns', open(commands), (keys) => writes.findOpenNodeRuns(keys));
  read('documents', open(documented), (keys) => writes.findDocumentsOfOpen(keys));
  read('documents', keysOfNodeRuns(documented), (keys) => writes.findDocuments(keys));
  read('reportKeys', keysOfNodeRuns(reported), (keys) => writes.findReportKeys(keys));
  return reads;
}

/** What the reads returned, by run; also of the runs that do not exist. */
export function loadedRuns(
  commands: readonly RunCommand<unknown>[],
  reads: readonly GroupRead[],
  answers: readonly (readonly object[])[],
): Map<string, LoadedRun> {
  const rows = <Row>(kind: RowKind) =>
    reads.flatMap((read, index) => (read.kind === kind ? (answers[index] ?? []) : [])) as Row[];
  const heads = new Map(rows<RunEntity>('heads').map((head) => [head.run_id, head]));
  const requests = new Map(rows<RequestRow>('requests').map((request) => [request.run_id, request]));
  const documents = new Map(rows<DocumentsRow>('documents').map((row) => [row.node_run_id, row]));
  const reportKeys = new Set(
    rows<ReportKeyRow>('reportKeys').map((row) => `${row.node_run_id} ${row.idempotency_key}`),
  );
  const nodeRuns = new Map<string, NodeRunEntity[]>();
  for (const row of rows<NodeRunEntity>('nodeRuns')) {
    nodeRuns.set(row.run_id, [...(nodeRuns.get(row.run_id) ?? []), row]);
  }
  return new Map(
    keysOfRuns(commands).map(({ id }) => {
      const head = heads.get(id);
      const request = requests.get(id);
      const own = nodeRuns.get(id) ?? [];
      const loaded: LoadedRun = {
        ...(head === undefined ? {} : { head }),
        ...(request === undefined ? {} : { request }),
        nodeRuns: own,
        documents: new Map(
          own.flatMap(({ node_run_id }) => {
            const found = documents.get(node_run_id);
            return found === undefined ? [] : [[node_run_id, found] as const];
          }),
        ),
        reportKeys,
      };
      return [id, loaded];
    }),
  );
}

function keysOfRuns(commands: readonly RunCommand<unknown>[]): RowKey[] {
  return [...new Set(commands.map(({ runId }) => runId))].map((id) => ({ bucket: bucketOfRun(id), id }));
}

/** An id that is not one of ours names no row. */
function keysOfNodeRuns(commands: readonly RunCommand<unknown>[]): RowKey[] {
  return [...new Set(commands.flatMap(({ nodeRunIds }) => nodeRunIds))].flatMap((id) => {
    const bucket = bucketOfNodeRun(id);
    return bucket === undefined ? [] : [{ bucket, id }];
  });
}
