// Serves a chat page on which two users talk through the official web SDK, and take back what they said.
//
//   RECALLD_CLIENT_ID=… RECALLD_CLIENT_SECRET=… node examples/web-chat/serve.mjs [port]
//
// RECALLD_URL and RECALLD_APP say which server and app: http://127.0.0.1:8080 and demo-org#demo-app when
// left out. This program alone holds the app's credentials; a page gets its users' tokens and nothing more.
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const port = Number(process.argv[2] ?? 9001);
const { RECALLD_CLIENT_ID: clientId, RECALLD_CLIENT_SECRET: clientSecret } = process.env;
const recalld = (process.env.RECALLD_URL ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
const appKey = process.env.RECALLD_APP ?? 'demo-org#demo-app';
const appUrl = `${recalld}/${appKey.replace('#', '/')}`;
const webSocketUrl = `${recalld.replace(/^http/, 'ws')}/websocket`;
const users = ['alice', 'bob'];
const answerMs = 5_000;

const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const folder = new URL('public/', import.meta.url);
/** Everything that the page is made of, by its path: nothing else can be asked for. */
const files = new Map([
  ...readdirSync(folder).map((name) => [`/${name === 'index.html' ? '' : name}`, new URL(name, folder)]),
  ['/sdk.js', new URL(import.meta.resolve('easemob-websdk'))],
]);
/** The page talks to this program and to recalld. The SDK makes functions from text, hence unsafe-eval. */
const policy = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-eval'",
  `connect-src 'self' ${recalld} ${new URL(webSocketUrl).origin}`,
  `img-src 'self' blob: ${recalld}`,
].join('; ');

/** @throws an error whose message is one line for the person who sees it */
async function askToken(body, token) {
  let response;
  let answer;
  try {
    response = await fetch(`${appUrl}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerMs),
    });
    answer = await response.json();
  } catch {
    throw new Error(`recalld does not answer at ${recalld}: is it running?`);
  }
  if (response.ok) return answer.access_token;
  const said = answer.error_description ?? answer.error;
  throw new Error(`recalld at ${recalld} gives no token (${response.status}): ${said}`);
}

const appToken = () =>
  askToken({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });

/** What one pane of the page needs to log in as its user, who is made when there is none. */
async function sessionOf(username) {
  const inherit = { grant_type: 'inherit', username, autoCreateUser: true };
  const token = await askToken(inherit, await appToken());
  return { appKey, apiUrl: recalld, url: webSocketUrl, user: username, token };
}

async function answerSession(user, response) {
  const [status, body] = await sessionOf(user).then(
    (session) => [200, session],
    ({ message }) => [503, { message }],
  );
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function answer({ url, method, headers }, response) {
  // Tokens are for pages of this address: another site's name that leads here gets none.
  const isOwnName = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? '');
  if (!isOwnName || method !== 'GET') return void response.writeHead(isOwnName ? 405 : 403).end();
  const [path, query] = url.split('?');
  const user = new URLSearchParams(query).get('user');
  if (path === '/session' && users.includes(user)) return void answerSession(user, response);
  const file = files.get(path);
  if (file === undefined) return void response.writeHead(404).end();
  const type = types[extname(path)] ?? types['.html'];
  response.writeHead(200, { 'content-type': type, 'content-security-policy': policy });
  response.end(readFileSync(file));
}

/** Ends this program with one line. */
function fail(line) {
  console.error(line);
  process.exit(1);
}

if (!clientId || !clientSecret) {
  fail('RECALLD_CLIENT_ID and RECALLD_CLIENT_SECRET are needed: recalld printed them at its first start.');
}
await appToken().catch((fault) => fail(fault.message));
const server = createServer(answer);
server.once('error', (fault) => fail(`Port ${port} of 127.0.0.1 cannot be used: ${fault.code}`));
server.listen(port, '127.0.0.1', () =>
  console.log(`the chat page is at http://127.0.0.1:${server.address().port}`),
);
