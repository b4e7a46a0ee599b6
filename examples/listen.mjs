// Follows a user's events in one file, no packages: prints one line for each and resumes by itself, so that
// nothing is lost while the server or the network is away.
//
//   TOKEN=… node examples/listen.mjs http://127.0.0.1:8080/demo-org/demo-app/users/bob/events [last event id]
const [, , url, startAt] = process.argv;
const token = process.env.TOKEN ?? '';
if (url === undefined || token === '') {
  console.error('usage: TOKEN=… node examples/listen.mjs URL [last event id]');
  process.exit(2);
}

/** The server says something every 15 s: after this the connection is dead. */
const silentMs = 40_000;
let lastId = startAt;
let retryMs = 2_000;

/** Reads one stream to its end. */
async function listen() {
  const silence = new AbortController();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error('nothing was heard')), silentMs);
  };
  heard();
  try {
    const headers = { authorization: `Bearer ${token}`, ...(lastId ? { 'last-event-id': lastId } : {}) };
    const response = await fetch(url, { headers, signal: silence.signal });
    if (response.status >= 400 && response.status < 500 && response.status !== 429) {
      console.error(`${response.status}: ${await response.text()}`);
      process.exit(1);
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      heard();
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop();
      for (const block of blocks) take(block);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** One block of lines `name: value`. */
function take(block) {
  const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s, 2)));
  if (fields.retry !== undefined) retryMs = Number(fields.retry);
  // What comes again was printed before.
  const isNew = lastId === undefined || Number(fields.id) > Number(lastId);
  lastId = fields.id ?? lastId;
  if (fields.event === 'ready') console.error(`listening after ${lastId}`);
  else if (fields.data !== undefined && isNew) console.log(`${fields.id} ${fields.event} ${fields.data}`);
}

for (;;) {
  await listen().catch((fault) => console.error(`the stream broke off: ${fault.message}`));
  await new Promise((resolve) => setTimeout(resolve, retryMs * (0.5 + Math.random())));
}
