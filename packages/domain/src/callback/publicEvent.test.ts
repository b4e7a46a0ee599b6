import { describe, expect, it } from 'vitest';
import { recalledEvent, sentEvent } from '../testing/index.js';
import { isPublished, publicEventTypes, publicTypeOf, publishedTypes } from './publicEvent.js';

describe('the public names of events', () => {
  it('are those of the events that are told outside', () => {
    expect(publishedTypes.map((type) => [type, publicTypeOf({ type })])).toEqual([
      ['MessageRecalled', 'message.recalled'],
      ['ConversationDeleted', 'conversation.deleted'],
      ['AttachmentPurged', 'attachment.purged'],
      ['RecallPolicyChanged', 'recall_policy.changed'],
      ['CallbackRuleSuspended', 'callback_rule.suspended'],
      ['CallbackRuleResumed', 'callback_rule.resumed'],
    ]);
  });

  it('tell no two events apart by case or place: each is two words of the subject that it is published on', () => {
    expect(new Set(publicEventTypes).size).toBe(publishedTypes.length);
    for (const type of publicEventTypes) expect(type).toMatch(/^[a-z_]+\.[a-z_]+$/);
  });

  it('belong to no message that was sent, to no test, and to nothing that concerns clients alone', () => {
    expect(isPublished(recalledEvent())).toBe(true);
    expect(isPublished(sentEvent())).toBe(false);
    const others = ['CallbackRuleTested', 'MessageExpired', 'toString'];
    const ofClients = ['MessageAcknowledged', 'ConversationRead', 'RoamingDeleted', 'SessionsEnded'];
    for (const type of [...others, ...ofClients]) {
      expect(isPublished({ ...recalledEvent(), type } as never)).toBe(false);
    }
  });
});
