// An app backend's callback receiver in one file, no packages: prints what arrives and whether its
// signature is right.
//
//   node examples/receiver.mjs [port]        secrets: EASEMOB_SECRET, TENCENT_SECRET, NATIVE_SECRET
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 9000);
const easemobSecret = process.env.EASEMOB_SECRET ?? 'easemob-secret';
const tencentSecret = process.env.TENCENT_SECRET ?? 'tencent-secret';
const nativeSecret = process.env.NATIVE_SECRET ?? '';
const bodyBytesMax = 65_536;

const digest = (algorithm, text) => createHash(algorithm).update(text).digest('hex');

function same(left, right) {
  const [a, b] = [Buffer.from(String(left)), Buffer.from(String(right))];
  return a.length === b.length && timingSafeEqual(a, b);
}

const isFresh = (seconds) => Math.abs(Date.now() / 1000 - Number(seconds)) < 60;

/** Standard Webhooks: while a secret is rotated there is one signature for each. */
function isNative(headers, text) {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers;
  const key = Buffer.from(nativeSecret.replace(/^whsec_/, ''), 'base64');
  const wanted = `v1,${createHmac('sha256', key).update(`${id}.${time}.${text}`).digest('base64')}`;
  return isFresh(time) && signatures.split(' ').some((signature) => same(signature, wanted));
}

/** Native callbacks are signed in their headers, Easemob's in the body, Tencent's in the query. */
function verified(url, headers, text, body) {
  if (headers['webhook-signature'] !== undefined) return isNative(headers, text);
  if (body.callId !== undefined) {
    return same(body.security, digest('md5', `${body.callId}${easemobSecret}${body.timestamp}`));
  }
  const requestTime = url.searchParams.get('RequestTime') ?? '';
  return (
    isFresh(requestTime) &&
    same(url.searchParams.get('Sign'), digest('sha256', `${tencentSecret}${requestTime}`))
  );
}

const server = createServer((request, response) => {
  const chunks = [];
  let bytes = 0;
  request.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) request.destroy();
    else chunks.push(chunk);
  });
  request.on('end', () => {
    const url = new URL(request.url ?? '/', 'http://receiver');
    const text = Buffer.concat(chunks).toString();
    let body;
    try {
      body = JSON.parse(text);
    } catch {
      response.writeHead(400).end();
      return;
    }
    const command = url.searchParams.get('CallbackCommand') ?? body.chat_type ?? body.type;
    const verdict = verified(url, request.headers, text, body) ? 'verified' : 'WRONG';
    console.log(`${command}: signature ${verdict}\n${text}`);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}');
  });
});
server.listen(port, '127.0.0.1', () =>
  console.log(`waiting for callbacks on http://127.0.0.1:${server.address().port}`),
);
