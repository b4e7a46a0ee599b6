import type { ChatKey, RoleKey } from '../chat/chat.js';
import { chatKeyText, roleKeyText } from '../chat/chat.js';
import type { RestraintKey } from '../chat/restraint.js';
import { restraintKeyText } from '../chat/restraint.js';
import type { AppNo } from '../kernel/ids.js';
import type { StreamId, TimelineId } from '../kernel/stream.js';
import type { RetryKey } from '../message/sendMessage.js';
import type { WantedFacts } from '../ports/commandStore.js';
import type { Command, CommandType } from './command.js';
import { handlerOf } from './registry.js';

interface Gathering {
  readonly streams: Set<StreamId>;
  readonly chats: Map<string, ChatKey>;
  readonly roles: Map<string, RoleKey>;
  readonly restraints: Map<string, RestraintKey>;
  readonly heads: Set<TimelineId>;
  readonly retryKeys: Set<RetryKey>;
}

/** Everything that the commands of a batch need to be decided, each key once, app by app. */
export function wantedFacts(commands: readonly Command[]): readonly WantedFacts[] {
  const apps = new Map<AppNo, Gathering>();
  for (const command of commands) {
    let wanted = apps.get(command.app);
    if (wanted === undefined) {
      wanted = {
        streams: new Set(),
        chats: new Map(),
        roles: new Map(),
        restraints: new Map(),
        heads: new Set(),
        retryKeys: new Set(),
      };
      apps.set(command.app, wanted);
    }
    gather(command, wanted);
  }
  return [...apps].map(([app, wanted]) => ({
    app,
    streams: [...wanted.streams],
    chats: [...wanted.chats.values()],
    roles: [...wanted.roles.values()],
    restraints: [...wanted.restraints.values()],
    heads: [...wanted.heads],
    retryKeys: [...wanted.retryKeys],
  }));
}

function gather(command: Command, wanted: Gathering): void {
  const handler = handlerOf<CommandType>(command);
  const reads = handler.reads(command);
  wanted.streams.add(handler.stream(command));
  for (const stream of reads.streams ?? []) wanted.streams.add(stream);
  for (const chat of reads.chats ?? []) wanted.chats.set(chatKeyText(chat), chat);
  for (const role of reads.roles ?? []) wanted.roles.set(roleKeyText(role), role);
  for (const key of reads.restraints ?? []) wanted.restraints.set(restraintKeyText(key), key);
  for (const head of reads.heads ?? []) wanted.heads.add(head);
  for (const key of reads.retryKeys ?? []) wanted.retryKeys.add(key);
}
