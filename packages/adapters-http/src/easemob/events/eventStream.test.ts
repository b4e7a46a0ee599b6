import { expect, it } from 'vitest';
import { eventStream } from './eventStream.js';
import type { Following } from './following.js';
import type { UserEvent } from './userEvents.js';

const event: UserEvent = { id: '8', event: 'recall', data: { msg_id: '1', ext: 'two\nlines' } };
const times = { keepAliveMs: 15_000, permitMs: 0, retryMs: 2_000 };

/** What is found look by look, then the end. */
function given(looks: readonly (readonly UserEvent[])[]): Following {
  const left = [...looks];
  return { through: () => 7, next: async () => left.shift() };
}

async function written(following: Following, permitted: readonly boolean[]): Promise<string> {
  const answers = [...permitted];
  let text = '';
  const stillPermitted = async () => answers.shift() ?? false;
  for await (const bytes of eventStream(following, stillPermitted, times)) {
    text += Buffer.from(bytes).toString('utf8');
  }
  return text;
}

const ready = 'retry: 2000\nevent: ready\nid: 7\ndata: {}\n\n';
const recall = 'event: recall\nid: 8\ndata: {"msg_id":"1","ext":"two\\nlines"}\n\n';

it('given events, then each is one block of lines', async () => {
  expect(await written(given([[event, event]]), [true])).toBe(`${ready}${recall}${recall}`);
});

it('given nothing for a while, then a comment keeps the connection alive, and the id moves on', async () => {
  expect(await written(given([[]]), [true])).toBe(`${ready}: keep-alive\nid: 7\n\n`);
});

it('given a token that is not good any more, then nothing is told and the stream ends', async () => {
  expect(await written(given([[event], [event]]), [true, false])).toBe(`${ready}${recall}`);
});
