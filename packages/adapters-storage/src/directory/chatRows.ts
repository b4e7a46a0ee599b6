import { groupTimeline, roomTimeline } from '@recalld/domain';
import type { AppNo, ChatKey, ChatProfile, GroupType, TimelineId } from '@recalld/domain';
import type { Insertable, Kysely, Selectable } from 'kysely';
import type { ChatsTable, Schema } from '../schema.js';

/** The timeline of a group or a room. */
export function chatTimeline({ kind, id }: ChatKey): TimelineId {
  return kind === 'groupchat' ? groupTimeline(id) : roomTimeline(id);
}

export function chatOf(db: Kysely<Schema>, app: AppNo, key: ChatKey) {
  return db
    .selectFrom('chats')
    .where('chats.app_no', '=', app)
    .where('chats.chat', '=', key.id)
    .where('chats.kind', '=', key.kind);
}

/** Memberships of a chat that last. */
export function presentMembers(db: Kysely<Schema>, app: AppNo, key: ChatKey) {
  return db
    .selectFrom('members')
    .where('app_no', '=', app)
    .where('timeline', '=', chatTimeline(key))
    .where('through_position', 'is', null);
}

export function chatColumns(profile: ChatProfile): Insertable<ChatsTable> {
  return {
    app_no: profile.app,
    chat: profile.key.id,
    kind: profile.key.kind,
    timeline: chatTimeline(profile.key),
    type: profile.type,
    name: profile.name,
    description: profile.description,
    owner: profile.owner,
    members_max: profile.membersMax,
    custom: profile.custom,
    settings: JSON.stringify(profile.settings),
    disabled: profile.disabled ? 1 : 0,
    created_at: profile.createdAt,
  };
}

export function toProfile(row: Omit<Selectable<ChatsTable>, 'members_version'>): ChatProfile {
  return {
    app: row.app_no,
    key: { kind: row.kind, id: row.chat },
    type: row.type as GroupType,
    name: row.name,
    description: row.description,
    owner: row.owner,
    membersMax: row.members_max,
    custom: row.custom,
    settings: JSON.parse(row.settings) as ChatProfile['settings'],
    disabled: row.disabled === 1,
    createdAt: row.created_at,
  };
}
