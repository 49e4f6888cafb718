import { createProgram } from './program.js';

/** The bin `jarvis-policy`: 0 all is well, 1 a policy or a case is not, 2 it could not be run as asked. */
process.exitCode = await createProgram({
  line: (text) => void process.stdout.write(`${text}\n`),
  problem: (text) => void process.stderr.write(`${text}\n`),
})(process.argv.slice(2));
