import { idAt, sampleInstant } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { createAdminWorld } from '../testing/adminWorld.js';

describe("a message's audit trail", () => {
  it('tells what happened to it, in order, with the stored names', async () => {
    const { ask, send, recall } = await createAdminWorld();
    const msgId = await send();
    await recall(msgId, { recallId: '99' });

    const { status, body } = await ask('GET', `messages/${msgId}/events`);

    expect(status).toBe(200);
    expect(body).toEqual({
      entities: [
        {
          position: 1,
          type: 'MessageSent',
          occurred_at: sampleInstant + 1000,
          actor: 'u1',
          data: expect.objectContaining({
            msg_id: msgId,
            from: 'u1',
            chat: { kind: 'chat', id: 'u2' },
            content_kind: 'txt',
            sent_at: sampleInstant + 1000,
            expires_at: null,
          }),
        },
        {
          position: 2,
          type: 'MessageRecalled',
          occurred_at: sampleInstant + 2000,
          actor: 'u1',
          data: expect.objectContaining({ msg_id: msgId, recall_id: '99', policy_version: 0 }),
        },
      ],
    });
  });

  it('never holds message content', async () => {
    const { ask, send } = await createAdminWorld();
    const msgId = await send();
    expect((await ask('GET', `messages/${msgId}/events`)).text).not.toContain('hello');
  });

  it('names every field in snake_case', async () => {
    const { ask, send, recall } = await createAdminWorld();
    const msgId = await send();
    await recall(msgId);
    const { text } = await ask('GET', `messages/${msgId}/events`);
    const names = [...text.matchAll(/"([^"]+)":/g)].map(([, name]) => name);
    expect(names).toContain('origin_device');
    expect(names.filter((name) => !/^[a-z_]+$/.test(name ?? ''))).toEqual([]);
  });

  it('comes page by page', async () => {
    const { ask, send, recall } = await createAdminWorld();
    const msgId = await send();
    await recall(msgId);
    const first = await ask('GET', `messages/${msgId}/events?limit=1`);
    expect(first.body).toMatchObject({ entities: [{ position: 1 }], cursor: expect.any(String) });
    const { cursor } = Object(first.body) as { cursor: string };
    const second = await ask('GET', `messages/${msgId}/events?limit=1&cursor=${cursor}`);
    expect(second.body).toEqual({ entities: [expect.objectContaining({ position: 2 })] });
  });

  it.each([[idAt(sampleInstant, 77)], ['abc'], ['0'], ['9'.repeat(19)], ['-1']])(
    'of %s is not found',
    async (msgId) => {
      const { ask, send } = await createAdminWorld();
      await send();
      const answer = await ask('GET', `messages/${msgId}/events`);
      expect(answer).toMatchObject({ status: 404, body: { error: 'not_found' } });
    },
  );

  it('of another app is not found', async () => {
    const { ask, send, ports, app } = await createAdminWorld();
    await ports.apps.create({ ...app, name: 'other-app', uuid: 'other' });
    const msgId = await send();
    expect((await ask('GET', `/admin/v1/apps/demo-org/other-app/messages/${msgId}/events`)).status).toBe(404);
  });
});
