// @ts-check
// An app backend's callback receiver, as cheap as it can be, so that it costs the measure little.
import { createServer } from 'node:net';
import { answerCalls } from '../child.mjs';

const answer =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}';
const contentLength = /\r\ncontent-length: (\d+)/i;
const recallId = /"recall_id":"(\d+)"/;

let silent = false;
let received = 0;
/** @type {Set<string | undefined>} */
const recalled = new Set();

const server = createServer((socket) => {
  let text = '';
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    if (silent) return;
    text += chunk.toString('latin1');
    for (let end = requestEnd(text); end !== undefined; end = requestEnd(text)) {
      received += 1;
      recalled.add(recallId.exec(text)?.[1]);
      text = text.slice(end);
      socket.write(answer, 'latin1');
    }
  });
});

/** @param {string} text */
function requestEnd(text) {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const end = headEnd + 4 + Number(contentLength.exec(text)?.[1] ?? 0);
  return text.length < end ? undefined : end;
}

answerCalls({
  /** @param {{ silent: boolean }} call a silent one takes connections and never answers */
  start(call) {
    silent = call.silent;
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(server.address()));
    });
  },
  count: () => ({ received, distinct: recalled.size }),
});
