// @ts-check
// The main job from end to end, printed for a person; every claim that it prints is checked.
import { startBackend } from './backend.mjs';
import { findPlace } from './place.mjs';
import { complain } from './print.mjs';
import { tell } from './story.mjs';

/** What has to be undone, the newest first. @type {(() => unknown)[]} */
const undo = [];

/** @param {number} exitCode */
async function end(exitCode) {
  for (const step of undo.splice(0).reverse()) await step();
  process.exit(exitCode);
}

for (const [signal, exitCode] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.once(signal, () => void end(exitCode));
}

try {
  const place = await findPlace(process.env);
  undo.push(place.leave);
  const backend = await startBackend();
  undo.push(backend.close);
  await tell({ place, backend, undo });
  await end(0);
} catch (fault) {
  complain(`The demo failed. ${reason(fault)}`);
  await end(1);
}

/** @param {unknown} fault */
function reason(fault) {
  if (!(fault instanceof Error)) return String(fault);
  // fetch hides why it failed in the cause.
  return fault.cause instanceof Error ? `${fault.message}: ${fault.cause.message}` : fault.message;
}
