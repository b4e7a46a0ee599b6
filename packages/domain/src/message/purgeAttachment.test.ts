import { describe, it } from 'vitest';
import type { NewEvent } from '../events.js';
import { given, idAt, recalledEvent, sampleInstant, sentEvent } from '../testing/index.js';

const msgId = idAt(sampleInstant, 1);
const now = sampleInstant + 90_000;
const purge = (attachment: string) => ({ type: 'PurgeAttachment', app: 1, msgId, attachment, now }) as const;
const purged = (attachment: string): NewEvent => ({
  type: 'AttachmentPurged',
  data: { msgId, attachment },
  occurredAt: now,
  actor: 'recalld',
});

describe('purging an attachment', () => {
  it('is recorded with the recalled message that took the last reference away', () => {
    given(sentEvent({ attachments: ['a', 'b'] }), recalledEvent())
      .when(purge('a'))
      .then([
        { type: 'AttachmentPurged', data: { msgId, attachment: 'a' }, occurredAt: now, actor: 'recalld' },
      ]);
  });

  it('is recorded once for each attachment', () => {
    const history = [sentEvent({ attachments: ['a', 'b'] }), recalledEvent(), purged('a')];
    given(...history)
      .when(purge('a'))
      .then([]);
    given(...history)
      .when(purge('b'))
      .then([{ type: 'AttachmentPurged', data: { attachment: 'b' } }]);
  });

  it('is refused while the message is not recalled', () => {
    given().when(purge('a')).then('notRecalled');
    given(sentEvent({ attachments: ['a'] }))
      .when(purge('a'))
      .then('notRecalled');
  });
});
