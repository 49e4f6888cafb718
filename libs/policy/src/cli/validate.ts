import { problemLine } from '../engine/policy-problem.js';
import type { Output } from './output.js';
import { readPolicy } from './read-file.js';

/** `validate`: 1 when a policy is not valid, with `strict` also when there are warnings. */
export async function validateCommand(
  files: readonly string[],
  output: Output,
  { json, strict }: { readonly json: boolean; readonly strict: boolean },
): Promise<number> {
  const results = [];
  for (const file of files) {
    const { engine, problems } = await readPolicy(file);
    const valid = engine !== undefined && !(strict && problems.length > 0);
    results.push({ file, valid, hash: engine?.hash, version: engine?.version, statements: engine?.size, problems });
  }
  if (json) {
    output.line(JSON.stringify({ results }, null, 2));
  } else {
    for (const { file, valid, hash, statements, problems } of results) {
      for (const problem of problems) output.line(problemLine(file, problem));
      output.line(valid ? `${file}: valid, ${statements} statements, hash ${hash}` : `${file}: not valid`);
    }
  }
  return results.every(({ valid }) => valid) ? 0 : 1;
}
