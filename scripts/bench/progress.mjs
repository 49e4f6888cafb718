/** The progress line on standard error: rewritten in place on a terminal, a line per step elsewhere. */
const isTerminal = process.stderr.isTTY === true;
let shown = '';

/** Says what is being done now. */
export function step(text) {
  if (isTerminal) process.stderr.write(`\r\u001b[K${text}`);
  else if (text !== shown) process.stderr.write(`${text}\n`);
  shown = text;
}

/** Says how far the step is; on a terminal only. */
export function advance(text) {
  if (isTerminal) process.stderr.write(`\r\u001b[K${shown} ${text}`);
}

export function clearProgress() {
  if (isTerminal) process.stderr.write('\r\u001b[K');
}
