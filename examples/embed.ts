import { setImmediate as nextTurn } from 'node:timers/promises';
import { createCommandLoop } from '@recalld/domain';
import type { CommandLoop, IdSource, Outcome, StoragePorts } from '@recalld/domain';

/** A help desk whose agents can take back what they sent, inside one's own service: no HTTP, no container. */
export function createHelpDesk(store: StoragePorts, ids: IdSource) {
  const loop: CommandLoop = createCommandLoop({
    store: store.commands,
    plan: () => [], // no callbacks: this service is its own backend
    nextCommandId: () => ids.next(),
    nextTurn: () => nextTurn(),
  });
  const origin = { via: 'admin', platform: 'RESTAPI', ip: '127.0.0.1' } as const;

  return {
    async say(agent: string, customer: string, text: string): Promise<string> {
      const msgId = ids.next();
      const payload = new TextEncoder().encode(JSON.stringify({ type: 'txt', body: { msg: text }, ext: {} }));
      await loop.submit([
        {
          type: 'SendMessage',
          app: 1,
          msgId,
          from: agent,
          to: customer,
          chatKind: 'chat',
          content: { format: 'easemob', payload },
          contentKind: 'txt',
          attachments: [],
          random: null,
          expiresAt: null,
          flags: {},
          directedTo: null,
          authority: 'app',
          retryKey: null,
          origin,
          originDevice: null,
          now: Date.now(),
        },
      ]);
      return msgId;
    },

    /** Agents take back their own messages for two minutes; the outcome is a value, `ok` or a closed code. */
    async takeBack(agent: string, customer: string, msgId: string): Promise<Outcome | undefined> {
      const [outcome] = await loop.submit([
        {
          type: 'RecallMessage',
          app: 1,
          msgId,
          recallId: ids.next(),
          chatKind: 'chat',
          to: customer,
          by: agent,
          authority: 'user',
          waive: { window: false, absence: false },
          syncSender: true,
          extension: null,
          origin,
          originDevice: null,
          now: Date.now(),
        },
      ]);
      return outcome;
    },
  };
}
