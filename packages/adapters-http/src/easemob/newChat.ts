import type { ChatProfile } from '@recalld/domain';
import type { JsonSchema } from '../route.js';
import { isCleanText, isId } from '../server/text.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import { oneOfOrEmpty, textOrEmpty } from './schemas.js';

// Contract A11: what a new group or room may hold.
const nameCharsMax = 128;
const descriptionCharsMax = 512;
const customCharsMax = 8_192;
const firstMembersMax = 100;
const membersMaxMax = 10_000;
const groupMembersDefault = 200;
const roomMembersDefault = 1_000;

const common = {
  description: textOrEmpty(),
  /** The old name of description. */
  desc: textOrEmpty(),
  maxusers: { type: ['integer', 'null'] },
  owner: textOrEmpty(),
  members: { type: ['array', 'null'], items: { type: 'string' } },
  custom: textOrEmpty(),
} as const;

export const newGroup: JsonSchema = {
  type: 'object',
  description: 'groupname, public and owner are required.',
  properties: {
    ...common,
    groupname: textOrEmpty(),
    public: oneOfOrEmpty(true, false),
    membersonly: oneOfOrEmpty(true, false),
    /** What the web SDK calls membersonly. */
    approval: oneOfOrEmpty(true, false),
    allowinvites: oneOfOrEmpty(true, false),
    invite_need_confirm: oneOfOrEmpty(true, false),
  },
};

export const newRoom: JsonSchema = {
  type: 'object',
  description: 'name and owner are required.',
  properties: { ...common, name: textOrEmpty() },
};

type Flag = boolean | '' | null;

/** What fits {@link newGroup} or {@link newRoom}. */
export interface NewChat {
  readonly groupname?: string | null;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly desc?: string | null;
  readonly public?: Flag;
  readonly membersonly?: Flag;
  readonly approval?: Flag;
  readonly allowinvites?: Flag;
  readonly invite_need_confirm?: Flag;
  readonly maxusers?: number | null;
  readonly owner?: string | null;
  readonly members?: readonly string[] | null;
  readonly custom?: string | null;
}

/** A chat as it is asked for, with the defaults filled in. */
export type ReadChat = Omit<ChatProfile, 'app' | 'key' | 'disabled' | 'createdAt'> & {
  /** Without the owner, each once. */
  readonly members: readonly string[];
};

export function readGroup(body: NewChat): ReadChat | ErrorRow {
  const { public: isPublic, membersonly, approval, allowinvites, invite_need_confirm: confirm } = body;
  if (typeof isPublic !== 'boolean') return errors.groupNeedsPublic;
  const settings = {
    public: isPublic,
    membersonly: membersonly === true || approval === true,
    allowinvites: allowinvites === true,
    invite_need_confirm: confirm !== false,
  };
  const type = isPublic ? 'Public' : 'Private';
  return readChat(body, { nameField: 'groupname', type, settings, membersDefault: groupMembersDefault });
}

export function readRoom(body: NewChat): ReadChat | ErrorRow {
  const rest = { settings: {}, membersDefault: roomMembersDefault } as const;
  return readChat(body, { nameField: 'name', type: 'ChatRoom', ...rest });
}

interface Kind extends Pick<ChatProfile, 'type' | 'settings'> {
  readonly nameField: 'groupname' | 'name';
  readonly membersDefault: number;
}

function readChat(body: NewChat, kind: Kind): ReadChat | ErrorRow {
  const { nameField, type, settings, membersDefault } = kind;
  const { owner } = body;
  const name = body[nameField];
  const description = body.description || body.desc || '';
  const custom = body.custom || '';
  const membersMax = body.maxusers ?? membersDefault;
  if (!name) return errors.mustBeProvided(nameField);
  if (!owner) return errors.mustBeProvided('owner');
  if (!isText(name, nameCharsMax)) return errors.fieldNotLegal(nameField);
  if (!isId(owner)) return errors.usernameNotLegal(owner);
  if (!isText(description, descriptionCharsMax)) return errors.fieldNotLegal('description');
  if (!isText(custom, customCharsMax)) return errors.fieldNotLegal('custom');
  if (membersMax < 1 || membersMax > membersMaxMax) return errors.fieldNotLegal('maxusers');
  const members = [...new Set(body.members ?? [])].filter((member) => member !== owner);
  const wrong = members.find((member) => !isId(member));
  if (wrong !== undefined) return errors.usernameNotLegal(wrong);
  if (members.length > firstMembersMax || members.length >= membersMax) return errors.tooManyMembers;
  return { type, name, description, owner, membersMax, custom, settings, members };
}

function isText(value: string, charsMax: number): boolean {
  return value.length <= charsMax && isCleanText(value);
}
