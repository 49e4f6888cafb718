import { NodePackTestError, problemLine } from '../testing/report.js';
import type { NodePackReport } from '../testing/report.js';
import { testNodePack } from '../testing/test-node-pack.js';
import type { TestNodePackOptions } from '../testing/test-node-pack.js';
import type { Output } from './output.js';
import { importAdmitted, readPacks } from './pack-package.js';

/**
 * Runs `testNodePack` on the packs of a package.
 *
 * @returns the exit code
 * @throws Refused when the executor would not admit a pack
 */
export async function testCommand(
  folder: string,
  output: Output,
  { json, ...options }: TestNodePackOptions & { readonly json: boolean },
): Promise<number> {
  const reports: NodePackReport[] = [];
  for (const admitted of readPacks(folder)) {
    const { pack } = await importAdmitted(admitted);
    reports.push(await reportOn(() => testNodePack(pack, options)));
  }
  const problems = reports.flatMap((report) => report.problems);
  if (json) output.line(JSON.stringify({ ok: problems.length === 0, packs: reports }, null, 2));
  else reports.forEach((report) => print(report, output));
  return problems.length === 0 ? 0 : 1;
}

async function reportOn(test: () => Promise<NodePackReport>): Promise<NodePackReport> {
  try {
    return await test();
  } catch (error) {
    if (error instanceof NodePackTestError) return error.report;
    throw error;
  }
}

function print({ packId, version, nodes, problems, warnings }: NodePackReport, output: Output): void {
  output.line(`${packId} ${version}`);
  for (const { nodeId, examples, cancel } of nodes) {
    const count = (wanted: string) => examples.filter(({ outcome }) => outcome === wanted).length;
    const skipped = count('skipped');
    const parts = [
      `${count('passed')} of ${examples.length} examples passed`,
      ...(skipped === 0
        ? []
        : [`${skipped} skipped: they call the network (give definePack a mockUpstream, or testNodePack an http mock)`]),
      ...(cancel === 'honoured' ? ['cancel honoured'] : []),
    ];
    const failed = problems.some((problem) => problem.nodeId === nodeId);
    output.marked(failed ? 'fail' : 'ok', `${nodeId}: ${parts.join('; ')}`);
  }
  for (const warning of warnings) output.marked('warn', problemLine(warning));
  for (const problem of problems) output.marked('fail', problemLine(problem));
}
