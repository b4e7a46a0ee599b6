// @ts-check
// The chat page of the examples on a server of its own, until it is ended or its server is gone.
import { runNode } from '../scripts/lib/process.mjs';
import { findPlace } from './place.mjs';

const place = await findPlace({});
console.log(place.introduction);
Object.assign(process.env, {
  RECALLD_URL: place.url,
  RECALLD_APP: `${place.org}#${place.app}`,
  RECALLD_CLIENT_ID: place.clientId,
  RECALLD_CLIENT_SECRET: place.clientSecret,
});

/** Ctrl-C reaches the server too: its end is news only when nobody asked for one. */
let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => (isEnding = true));
const serverGone = new AbortController();
void place.ended.then((code) => {
  if (isEnding) return;
  const how = code === null ? 'was killed' : `ended with exit code ${code}`;
  console.error(`recalld on ${place.url} ${how}: the chat page ends with it.`);
  serverGone.abort();
});

try {
  process.exitCode = await runNode('examples/web-chat/serve.mjs', process.argv.slice(2), serverGone.signal);
} catch (fault) {
  if (!serverGone.signal.aborted) throw fault;
  process.exitCode = 1;
} finally {
  isEnding = true;
  await place.leave();
}
