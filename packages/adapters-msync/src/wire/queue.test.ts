import { groupTimeline, pairTimeline, roomTimeline, userTimeline } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { app, appKey } from '../testing/given.js';
import { queueJid, timelineOfQueue } from './queue.js';

const isRoom = (id: string) => Promise.resolve(id === 'r1');

describe('queues', () => {
  it.each([
    ['a pair, from its lower side', pairTimeline('alice', 'bob'), 'alice', 'bob', 'easemob.com'],
    ['a pair, from its higher side', pairTimeline('alice', 'bob'), 'bob', 'alice', 'easemob.com'],
    ['a user with himself', pairTimeline('alice', 'alice'), 'alice', 'alice', 'easemob.com'],
    ['a group', groupTimeline('g/1'), 'alice', 'g/1', 'conference.easemob.com'],
    ['a room', roomTimeline('r1'), 'alice', 'r1', 'conference.easemob.com'],
  ])(
    '%s is named after its other side, and found by that name',
    async (_, timeline, viewer, name, domain) => {
      const jid = queueJid(app, timeline, viewer);

      expect(jid).toEqual({ appKey, name, domain });
      expect(await timelineOfQueue(app, jid, viewer, isRoom)).toBe(timeline);
    },
  );

  it('the system queue has no name on the wire', async () => {
    const jid = queueJid(app, userTimeline('alice'), 'alice');

    expect(jid).toEqual({ appKey, domain: 'easemob.com' });
    expect(await timelineOfQueue(app, jid, 'alice', isRoom)).toBe(userTimeline('alice'));
    expect(await timelineOfQueue(app, { ...jid, name: '' }, 'alice', isRoom)).toBe(userTimeline('alice'));
  });

  it.each([
    ['of another app', { appKey: 'demo-org#other', name: 'bob', domain: 'easemob.com' }],
    ['of another domain', { appKey, name: 'bob', domain: 'example.com' }],
    ['of no group', { appKey, name: '', domain: 'conference.easemob.com' }],
    ['with a name that no store keeps', { appKey, name: 'b\u0000b', domain: 'easemob.com' }],
    ['with a name that is too long', { appKey, name: 'é'.repeat(33), domain: 'easemob.com' }],
  ])('one %s is none', async (_, jid) => {
    expect(await timelineOfQueue(app, jid, 'alice', isRoom)).toBeUndefined();
  });
});
