// An app backend's callback receiver in one file, no packages: prints what arrives and whether its
// signature is right.
//
//   node examples/receiver.mjs [port]        secrets: EASEMOB_SECRET, TENCENT_SECRET
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 9000);
const easemobSecret = process.env.EASEMOB_SECRET ?? 'easemob-secret';
const tencentSecret = process.env.TENCENT_SECRET ?? 'tencent-secret';
const bodyBytesMax = 65_536;

const digest = (algorithm, text) => createHash(algorithm).update(text).digest('hex');

function same(left, right) {
  const [a, b] = [Buffer.from(String(left)), Buffer.from(String(right))];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Easemob signs in the body, Tencent in the query. */
function verified(url, body) {
  if (body.callId !== undefined) {
    return same(body.security, digest('md5', `${body.callId}${easemobSecret}${body.timestamp}`));
  }
  const requestTime = url.searchParams.get('RequestTime') ?? '';
  const fresh = Math.abs(Date.now() / 1000 - Number(requestTime)) < 60;
  return fresh && same(url.searchParams.get('Sign'), digest('sha256', `${tencentSecret}${requestTime}`));
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
    let body;
    try {
      body = JSON.parse(Buffer.concat(chunks).toString());
    } catch {
      response.writeHead(400).end();
      return;
    }
    const command = url.searchParams.get('CallbackCommand') ?? body.chat_type;
    console.log(
      `${command}: signature ${verified(url, body) ? 'verified' : 'WRONG'}\n${JSON.stringify(body)}`,
    );
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}');
  });
});
server.listen(port, '127.0.0.1', () =>
  console.log(`waiting for callbacks on http://127.0.0.1:${server.address().port}`),
);
