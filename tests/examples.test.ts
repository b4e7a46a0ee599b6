import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { helpDeskFor } from '../examples/swap.js';
import { temporaryFolder } from './support/server.js';

describe('the embedded domain', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  it.each([['memory'], ['SQLite']])(
    'given %s, when an agent takes a message back, then only once and only the own one',
    async (kind) => {
      const desk = await helpDeskFor(kind === 'memory' ? undefined : folder.dir);
      const msgId = await desk.say('agent', 'customer', 'the wrong answer');

      expect(await desk.takeBack('somebody-else', 'customer', msgId)).toEqual({
        ok: false,
        code: 'notPermitted',
      });
      expect(await desk.takeBack('agent', 'customer', msgId)).toMatchObject({
        ok: true,
        events: [{ type: 'MessageRecalled', data: { msgId, from: 'agent', messageSeq: 1 } }],
      });
      expect(await desk.takeBack('agent', 'customer', msgId)).toEqual({ ok: false, code: 'alreadyRecalled' });
    },
  );
});
