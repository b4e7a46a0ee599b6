import { never, submitOne } from '@recalld/domain';
import type {
  Clock,
  CommandLoop,
  IdSource,
  Instant,
  ItemId,
  RecallMessage,
  RecallRefusal,
  SendMessage,
  StoragePorts,
} from '@recalld/domain';
import type { UpBody } from '../content/readUpBody.js';
import { bodyTypes } from '../wire/messageBody.js';
import type { UpMeta } from '../wire/meta.js';
import type { Caller } from './caller.js';
import { acknowledgementsOf, readingOf, recallsOf, sendOf } from './commands.js';
import type { Stamp } from './commands.js';
import { recallRefusals, refusals, sendRefusals } from './refusals.js';
import type { UpRefusal } from './refusals.js';

/** `serverId`: under which receivers get it. */
export type UpAnswer = { readonly ok: true; readonly serverId: ItemId; readonly at: Instant } | UpRefusal;

export interface PerformerDeps {
  readonly loop: Pick<CommandLoop, 'submit'>;
  readonly storage: { readonly retryKeys: Pick<StoragePorts['retryKeys'], 'find'> };
  readonly ids: Pick<IdSource, 'next'>;
  readonly clock: Clock;
  /** null: messages are kept for ever. */
  readonly settings: { readonly messageRetentionMs: number | null };
}

/** Submits what a body of a caller's asks for, in the very call. @throws what the loop and the ports throw. */
export type Perform = (caller: Caller, meta: UpMeta, body: UpBody) => Promise<UpAnswer>;

export function createPerformer({ loop, storage, ids, clock, settings }: PerformerDeps): Perform {
  async function send(command: SendMessage): Promise<UpAnswer> {
    const outcome = await submitOne<'SendMessage'>(loop, command);
    if (outcome.ok) return { ok: true, serverId: command.msgId, at: command.now };
    if (outcome.code !== 'sentBefore') return sendRefusals[outcome.code];
    const first = command.retryKey && (await storage.retryKeys.find(command.app, command.retryKey));
    return first ? { ok: true, serverId: first.msgId, at: first.sentAt } : refusals.internalError;
  }

  /** Of several kinds of chat only one can be the message's; the others are none of its receivers. */
  async function recall(commands: readonly RecallMessage[], { id, now }: Stamp): Promise<UpAnswer> {
    let code: RecallRefusal = 'receiverMismatch';
    for (const command of commands) {
      if (code !== 'receiverMismatch') break;
      const outcome = await submitOne<'RecallMessage'>(loop, command);
      if (outcome.ok) return { ok: true, serverId: id, at: now };
      code = outcome.code;
    }
    return recallRefusals[code];
  }

  return async (caller, meta, body) => {
    const stamp = { id: ids.next(), now: clock.now() };
    const done: UpAnswer = { ok: true, serverId: stamp.id, at: stamp.now };
    switch (body.kind) {
      case 'message':
        return send(sendOf(caller, meta, body, { ...stamp, retentionMs: settings.messageRetentionMs }));
      case 'recall':
        return recall(recallsOf(caller, body, stamp), stamp);
      case 'ack':
        await loop.submit(acknowledgementsOf(caller, meta, body, stamp));
        return done;
      case 'read':
        await loop.submit([readingOf(caller, body, stamp)]);
        return done;
      case 'other':
        return body.type === bodyTypes.edit ? refusals.editing : refusals.unsupported;
      default:
        return never(body);
    }
  };
}
