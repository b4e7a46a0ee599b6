import type { ChatProfile } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isId } from '../server/text.js';
import { groups, rooms } from './chatKinds.js';
import type { ChatWords } from './chatKinds.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import { newGroup, newRoom, readGroup, readRoom } from './newChat.js';
import type { NewChat, ReadChat } from './newChat.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Chats that one call may ask for (contract A11). */
const idsPerCallMax = 100;

type CountedProfile = ChatProfile & { readonly memberCount: number };

/** What making and showing a group or a room have of their own. */
interface ChatForms {
  readonly words: ChatWords;
  readonly body: JsonSchema;
  readonly read: (body: NewChat) => ReadChat | ErrorRow;
  readonly show: (profile: CountedProfile) => object;
}

export function chatRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  const groupForms = { words: groups, body: newGroup, read: readGroup, show: showGroup };
  const roomForms = { words: rooms, body: newRoom, read: readRoom, show: showRoom };
  return [
    ...routesOf(groupForms, deps, replies),
    ...routesOf(roomForms, deps, replies),
    joinedGroupsRoute(deps, replies),
  ];
}

function routesOf(forms: ChatForms, deps: HttpDeps, replies: Replies): readonly Route[] {
  const { collection, noun, tag } = forms.words;
  const path = `/{org}/{app}/${collection}`;
  const row = { tag, auth: 'app' } as const;
  return [
    {
      ...row,
      method: 'POST',
      path,
      operationId: `create${noun}`,
      summary: `Creates a ${noun.toLowerCase()}`,
      body: forms.body,
      answers: answers(200, 400, 401, 403, 404),
      handle: (call) => create(forms, deps, replies, call),
    },
    {
      ...row,
      method: 'GET',
      path: `${path}/{chat}`,
      operationId: `get${noun}s`,
      summary: `Shows up to ${idsPerCallMax} of them, ids separated by commas`,
      uncheckedParams: ['chat'],
      answers: answers(200, 400, 401, 404),
      handle: (call) => get(forms, deps, replies, call),
    },
    {
      ...row,
      method: 'DELETE',
      path: `${path}/{chat}`,
      operationId: `delete${noun}`,
      summary: `Deletes a ${noun.toLowerCase()}`,
      answers: answers(200, 401, 404),
      handle: (call) => remove(forms, deps, replies, call),
    },
  ];
}

async function create(forms: ChatForms, deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const { words } = forms;
  // The row's schema has been enforced.
  const asked = forms.read(call.body as NewChat);
  if ('error' in asked) return replies.refused(call, asked);
  const { members, ...profile } = asked;
  const app = appOf(call).no;
  const key = { kind: words.kind, id: deps.ids.next() };
  const created = await deps.storage.chats.create(
    { app, key, createdAt: deps.clock.now(), ...profile },
    members,
  );
  if (created === 'taken') return replies.refused(call, errors.groupIdTaken(key.id));
  return replies.ok(call, { path: `/${words.collection}`, data: { [words.idField]: key.id } });
}

async function get(forms: ChatForms, deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const { kind, collection } = forms.words;
  const ids = [...new Set(param(call, 'chat').split(','))].filter(isId);
  if (ids.length > idsPerCallMax) return replies.refused(call, errors.invalidRequest);
  const found = await deps.storage.chats.find(
    appOf(call).no,
    ids.map((id) => ({ kind, id })),
  );
  if (found.length === 0) return replies.refused(call, errors.resourceNotFound);
  const more = { count: found.length };
  return replies.ok(call, { path: `/${collection}`, data: found.map(forms.show), more });
}

async function remove(forms: ChatForms, deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const { kind, collection, idField } = forms.words;
  const id = param(call, 'chat');
  if (!(await deps.storage.chats.remove(appOf(call).no, { kind, id }))) {
    return replies.refused(call, errors.resourceNotFound);
  }
  return replies.ok(call, { path: `/${collection}`, data: { success: true, [idField]: id } });
}

function showRoom(profile: CountedProfile): object {
  const { key, name, description, membersMax, owner, createdAt, custom, memberCount } = profile;
  return {
    id: key.id,
    name,
    description,
    maxusers: membersMax,
    owner,
    created: createdAt,
    custom,
    mute: false,
    affiliations_count: memberCount,
    disabled: false,
  };
}

function showGroup(profile: CountedProfile): object {
  const { settings, type } = profile;
  return {
    ...showRoom(profile),
    public: settings['public'] ?? type === 'Public',
    membersonly: settings['membersonly'] ?? false,
    allowinvites: settings['allowinvites'] ?? false,
    permission: 'member',
  };
}

function joinedGroupsRoute(deps: HttpDeps, replies: Replies): Route {
  return {
    method: 'GET',
    path: '/{org}/{app}/users/{username}/joined_chatgroups',
    operationId: 'listJoinedGroups',
    summary: 'Lists the groups that a user is in',
    tag: groups.tag,
    auth: 'appOrUser',
    answers: answers(200, 401, 404),
    async handle(call) {
      const user = param(call, 'username');
      const joined = await deps.storage.chatReader.joined(appOf(call).no, user, groups.kind);
      const data = joined.map(({ key, name }) => ({ groupid: key.id, groupname: name }));
      return replies.ok(call, { path: '/users/joined_chatgroups', data, more: { count: data.length } });
    },
  };
}
