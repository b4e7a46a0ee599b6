import type { AppNo, ChatKey, ChatReader, UserId } from '@recalld/domain';
import { chatKeyText } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { chatOf } from './chatRows.js';

interface Remembered {
  /** Of the chat, which may be removed and made again, and of its members. */
  readonly version: string;
  readonly users: ReadonlySet<UserId>;
}

/** Of all chats together, each counted once more for itself: about 100 MB. */
const rememberedMax = 500_000;

const nobody: ReadonlySet<UserId> = new Set();

/**
 * Who is in a chat now. What was read is remembered under the version of the chat's members: as long
 * as nobody joins or leaves, one row is looked at. The chats that were asked for longest ago are
 * forgotten first.
 */
export function createMembersNow(db: Kysely<Schema>, remembered = rememberedMax): ChatReader['membersNow'] {
  const chats = new Map<string, Remembered>();
  let size = 0;

  function forget(chat: string): void {
    const known = chats.get(chat);
    if (known === undefined) return;
    chats.delete(chat);
    size -= known.users.size + 1;
  }

  /** As the one that was asked for last. */
  function remember(chat: string, known: Remembered): void {
    forget(chat);
    chats.set(chat, known);
    size += known.users.size + 1;
    for (const [oldest] of chats) {
      if (size <= remembered) return;
      forget(oldest);
    }
  }

  return async (app, key) => {
    const chat = `${app}/${chatKeyText(key)}`;
    const now = await versionOf(db, app, key);
    if (now === undefined) {
      forget(chat);
      return nobody;
    }
    const known = chats.get(chat);
    const current = known?.version === now ? known : await readMembers(db, app, key);
    remember(chat, current);
    return current.users;
  };
}

async function versionOf(db: Kysely<Schema>, app: AppNo, key: ChatKey): Promise<string | undefined> {
  const row = await chatOf(db, app, key).select(['created_at', 'members_version']).executeTakeFirst();
  return row && versionText(row);
}

/** One statement, so that the members are those of the version. */
async function readMembers(db: Kysely<Schema>, app: AppNo, key: ChatKey): Promise<Remembered> {
  const found = await chatOf(db, app, key)
    .leftJoin('members', (join) =>
      join
        .onRef('members.app_no', '=', 'chats.app_no')
        .onRef('members.timeline', '=', 'chats.timeline')
        .on('members.through_position', 'is', null),
    )
    .select(['chats.created_at', 'chats.members_version', 'members.user'])
    .execute();
  const [first] = found;
  return {
    version: first === undefined ? '' : versionText(first),
    users: new Set(found.flatMap(({ user }) => user ?? [])),
  };
}

function versionText(row: { readonly created_at: number; readonly members_version: number }): string {
  return `${row.created_at}/${row.members_version}`;
}
