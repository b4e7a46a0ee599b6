import { pairTimeline } from '@recalld/domain';
import { expect, it } from 'vitest';
import { Notices } from './notices.js';

const timeline = pairTimeline('ann', 'bob');
const other = pairTimeline('bob', 'eve');

it('a notice that is never followed is repeated three times, and is not forgotten', () => {
  const notices = new Notices(3);
  notices.tell(timeline, 0);

  const repeated = [2_000, 4_000, 6_000, 8_000, 10_000].map((now) => notices.again(now, 2_000));

  expect(repeated).toEqual([[timeline], [timeline], [timeline], [], []]);
  expect(notices.unfollowed()).toEqual([{ timeline, count: 1 }]);
  expect(notices.isTold(timeline)).toBe(false);
});

it('a device that asked has nothing to follow', () => {
  const notices = new Notices(3);
  notices.tell(timeline, 0);
  notices.putOff(timeline);
  notices.asked(timeline);

  expect([notices.unfollowed(), notices.again(9_000, 2_000), notices.offPut()]).toEqual([[], [], []]);
});

it('what was put off is unfollowed once, with the number that was found', () => {
  const notices = new Notices(3);
  notices.tell(timeline, 0);
  notices.putOff(timeline);
  notices.putOff(other, 7);

  expect(notices.unfollowed()).toEqual([
    { timeline, count: 1 },
    { timeline: other, count: 7 },
  ]);
});
