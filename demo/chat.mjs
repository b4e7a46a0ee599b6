// @ts-check
// The chat page of the examples on a server of its own, until it is ended.
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
process.exitCode = await runNode('examples/web-chat/serve.mjs', process.argv.slice(2));
await place.leave();
