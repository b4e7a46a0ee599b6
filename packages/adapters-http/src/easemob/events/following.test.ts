import type { HearNews, LiveNews } from '@recalld/domain';
import { pairTimeline } from '@recalld/domain';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startEasemobServer } from '../../testing/easemobServer.js';
import type { EasemobServer } from '../../testing/easemobServer.js';
import { follow } from './following.js';

let easemob: EasemobServer;
let leaving: AbortController;

beforeEach(async () => {
  easemob = await startEasemobServer();
  leaving = new AbortController();
});
afterEach(async () => {
  leaving.abort();
  await easemob.server.close();
});

const news: LiveNews = { kind: 'grown', timeline: pairTimeline('u1', 'u2'), position: 1 };

/** Follows u2; the test rings, and counts looks at the store. */
async function given() {
  const { app, clock, deps, storage } = easemob;
  const { since } = storage.queues;
  let looks = 0;
  let hear: HearNews = () => undefined;
  const queues = { since: (...asked: Parameters<typeof since>) => ((looks += 1), since(...asked)) };
  const live = {
    watch: async (_app: number, _user: string, heard: HearNews) => ((hear = heard), () => undefined),
  };
  const following = await follow(
    { storage: { ...storage, queues }, live, decoder: deps.decoder, clock },
    { app, user: 'u2', after: undefined, leaving: leaving.signal },
  );
  return { following, ring: () => hear(news), looks: () => looks };
}

it('while nothing rings the store is not looked at', async () => {
  const { following, looks } = await given();

  for (let wait = 0; wait < 4; wait += 1) expect(await following.next(10, 1)).toEqual([]);

  expect(looks()).toBe(1);
});

it('what rang while nobody waited is found by the next wait', async () => {
  const { following, ring } = await given();
  await following.next(10, 1);
  const msgId = await easemob.send('u2');
  ring();

  expect(await following.next(10, 60_000)).toMatchObject([{ data: { msg_id: msgId } }]);
});

it('more than one look’s limit is given without another ring', async () => {
  const { following, ring } = await given();
  await following.next(10, 1);
  const sent = [await easemob.send('u2'), await easemob.send('u2'), await easemob.send('u2')];
  ring();

  const got = [...((await following.next(2, 60_000)) ?? []), ...((await following.next(2, 60_000)) ?? [])];

  expect(got.map(({ data }) => data['msg_id'])).toEqual(sent);
});

it('what it was not told of is found in a few minutes, and its place is not passed over before', async () => {
  const { following } = await given();
  await following.next(10, 1);
  const before = following.through();
  const msgId = await easemob.send('u2');
  expect(await following.next(10, 1)).toEqual([]);
  expect(following.through()).toBe(before);

  easemob.clock.advance(300_000);

  expect(await following.next(10, 1)).toMatchObject([{ data: { msg_id: msgId } }]);
});
