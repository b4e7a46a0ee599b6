import { chatKeyText } from '../../chat/chat.js';
import type { ChatKey, Role } from '../../chat/chat.js';
import type { AppNo, UserId } from '../../kernel/ids.js';
import { groupTimeline, roomTimeline } from '../../kernel/stream.js';
import type { ChatProfile, ChatReader, Chats } from '../../ports/chats.js';
import { paged } from './paging.js';
import { liftAll } from './restraints.js';
import { keyOf } from './state.js';
import type { MembershipRow, MemoryState } from './state.js';

export function createMemoryChats(state: MemoryState): Chats {
  return {
    create: async (profile, members) => {
      const { app, key } = profile;
      const taken = (['groupchat', 'chatroom'] as const).some((kind) =>
        state.chats.has(keyOf(app, chatKeyText({ kind, id: key.id }))),
      );
      if (taken) return 'taken';
      state.chats.set(keyOf(app, chatKeyText(key)), profile);
      join(state, profile, [profile.owner], 'owner');
      join(state, profile, members, 'member');
      return 'created';
    },
    find: async (app, keys) =>
      keys.flatMap((key) => {
        const profile = profileOf(state, app, key);
        return profile === undefined ? [] : { ...profile, memberCount: membersOf(state, app, key).length };
      }),
    remove: async (app, key) => {
      const removed = state.chats.delete(keyOf(app, chatKeyText(key)));
      liftAll(state, app, { by: 'chat', chat: key });
      for (const row of membersOf(state, app, key)) leave(state, row, key);
      return removed;
    },
    addMembers: async (app, key, users) => {
      const profile = profileOf(state, app, key);
      if (profile === undefined) return 'unknown';
      const present = membersOf(state, app, key);
      const added = newcomers(present, users);
      if (present.length + added.length > profile.membersMax) return 'full';
      return join(state, profile, added, 'member');
    },
    removeMembers: async (app, key, users) => {
      if (profileOf(state, app, key) === undefined) return 'unknown';
      const leaving = membersOf(state, app, key).filter(
        ({ user, role }) => role !== 'owner' && users.includes(user),
      );
      for (const row of leaving) leave(state, row, key);
      return leaving.map(({ user }) => user);
    },
    changeRole: async (app, key, user, role) => {
      const row = membersOf(state, app, key).find((member) => member.user === user);
      if (row === undefined || row.role === 'owner') return false;
      row.role = role;
      return true;
    },
  };
}

export function createMemoryChatReader(state: MemoryState): ChatReader {
  return {
    membersNow: async (app, key) => new Set(membersOf(state, app, key).map(({ user }) => user)),
    members: async (app, key, from, limit) => {
      const placeOf = (row: MembershipRow) => [row.role === 'owner' ? 0 : 1, row.joined];
      const { entities, ...rest } = paged(membersOf(state, app, key), placeOf, from, limit);
      return { entities: entities.map(({ user, role }) => ({ user, role })), ...rest };
    },
    list: async (app, kind, from, limit) => {
      const profiles = [...state.chats.values()].filter((chat) => chat.app === app && chat.key.kind === kind);
      return paged(profiles, ({ createdAt, key }) => [createdAt, key.id], from, limit);
    },
    joined: async (app, user, kind) =>
      [...state.chats.values()].filter(
        (chat) =>
          chat.app === app &&
          chat.key.kind === kind &&
          membersOf(state, app, chat.key).some((row) => row.user === user),
      ),
  };
}

function profileOf(state: MemoryState, app: AppNo, key: ChatKey): ChatProfile | undefined {
  return state.chats.get(keyOf(app, chatKeyText(key)));
}

/** Whose membership lasts. */
function membersOf(state: MemoryState, app: AppNo, key: ChatKey): readonly MembershipRow[] {
  const chat = chatKeyText(key);
  return state.memberships.filter((row) => row.app === app && row.chat === chat && row.span.through === null);
}

function newcomers(present: readonly MembershipRow[], users: readonly UserId[]): readonly UserId[] {
  return [...new Set(users)].filter((user) => !present.some((row) => row.user === user));
}

function join(
  state: MemoryState,
  { app, key }: ChatProfile,
  users: readonly UserId[],
  role: Role,
): readonly UserId[] {
  const added = newcomers(membersOf(state, app, key), users);
  const from = headOf(state, app, key);
  for (const user of added) {
    const joined = (state.memberships.at(-1)?.joined ?? 0) + 1;
    state.memberships.push({
      app,
      chat: chatKeyText(key),
      user,
      role,
      joined,
      span: { from, through: null },
    });
  }
  return added;
}

/** Of a membership in which nothing was said nothing stays. */
function leave(state: MemoryState, row: MembershipRow, key: ChatKey): void {
  const { from } = row.span;
  const through = headOf(state, row.app, key);
  if (from === through) state.memberships.splice(state.memberships.indexOf(row), 1);
  else row.span = { from, through };
}

function headOf(state: MemoryState, app: AppNo, key: ChatKey): number {
  const timeline = key.kind === 'groupchat' ? groupTimeline(key.id) : roomTimeline(key.id);
  return state.timelines.get(keyOf(app, timeline))?.head ?? 0;
}
