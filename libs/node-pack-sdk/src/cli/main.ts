import { Refused } from '../admission/refusal.js';
import { standardOutput } from './output.js';
import { createProgram } from './program.js';

/** The bin `jarvis-node-pack`. The process ends by itself only when the code of a pack lets it, hence the exit. */
const output = standardOutput();
let exitCode: number;
try {
  exitCode = await createProgram(process.cwd(), output)(process.argv.slice(2));
} catch (error) {
  const code = error instanceof Refused ? `${error.code}: ` : '';
  output.problem(`error: ${code}${error instanceof Error ? error.message : String(error)}`);
  exitCode = 1;
}
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
