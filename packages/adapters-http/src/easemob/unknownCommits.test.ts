import { messageStream } from '@recalld/domain';
import { scriptedStore } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

/** From now on the first commit has this fate, and the server never hears of it. */
function loseAnswer({ storage: { commands } }: EasemobServer, fate: 'unknownWritten' | 'unknownLost'): void {
  commands.commit = scriptedStore({ ...commands }, (_, nth) => (nth === 1 ? fate : 'written')).commit;
}

describe.each(['unknownWritten', 'unknownLost'] as const)('given a commit that is %s, then', (fate) => {
  it('a sending answers the id of the one message', async () => {
    const easemob = await startEasemobServer();
    loseAnswer(easemob, fate);
    const msgId = await easemob.send('u2');
    expect(await easemob.storage.log.ofStream(easemob.app.no, messageStream(msgId))).toHaveLength(1);
  });

  it('a recall is done once', async () => {
    const easemob = await startEasemobServer();
    const msgId = await easemob.send('u2');
    loseAnswer(easemob, fate);
    expect((await easemob.recall(msgId)).body).toMatchObject({ data: { recalled: 'yes', msg_id: msgId } });
    expect((await easemob.recall(msgId)).status).toBe(403);
  });

  it('a deletion is done once', async () => {
    const easemob = await startEasemobServer();
    await easemob.send('u2');
    loseAnswer(easemob, fate);
    const body = { channel: 'u2', type: 'chat', delete_roam: true };
    const answer = await easemob.call('DELETE', '/users/u1/user_channel', { body });
    expect(answer.body).toMatchObject({ data: { result: 'ok' } });
    const { events } = await easemob.storage.log.read({ after: 0, limit: 9 });
    expect(events.map(({ type }) => type)).toEqual(['MessageSent', 'ConversationDeleted']);
  });
});
