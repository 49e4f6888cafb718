import { stopWithParent } from '../stop-with-parent.mjs';
import { clearProgress } from './progress.mjs';

const SAME_SIGNAL_MS = 500;
const stops = [];
let signaledAt;

/**
 * Keeps `stop` for the end of the bench, whichever way it ends: done, failed, or a signal.
 *
 * @param {() => Promise<void> | void} stop
 * @returns {() => Promise<void>} stops now; it stops once
 */
export function atEnd(stop) {
  let stopping;
  const stopOnce = () => (stopping ??= Promise.resolve().then(stop));
  stops.push(stopOnce);
  return stopOnce;
}

/** Stops everything that is still there, what was started last first. */
export async function endEverything() {
  for (const stop of stops.splice(0).reverse()) {
    await stop().catch((error) => process.stderr.write(`error: while ending: ${error.message}\n`));
  }
}

/** True once a signal has asked for the end: what fails from then on fails because of it. */
export function isEnding() {
  return signaledAt !== undefined;
}

/** Ctrl-C and the like end everything first. One Ctrl-C arrives twice under npm; a later second one ends the process at once. */
export function endOnSignals() {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    process.on(signal, () => {
      if (signaledAt !== undefined) {
        if (performance.now() - signaledAt > SAME_SIGNAL_MS) process.exit(code);
        return;
      }
      signaledAt = performance.now();
      clearProgress();
      process.stderr.write('Stopping: the suite, PostgreSQL, the temporary folder.\n');
      void endEverything().then(() => process.exit(code));
    });
  }
  stopWithParent();
}
