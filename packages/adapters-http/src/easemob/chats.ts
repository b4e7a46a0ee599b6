import { limits } from '@recalld/domain';
import type { ChatProfile } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param, queryText } from '../route.js';
import { isId } from '../server/text.js';
import { groups, isPublic, rooms } from './chatKinds.js';
import type { ChatWords } from './chatKinds.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import { newGroup, newRoom, readGroup, readRoom } from './newChat.js';
import type { NewChat, ReadChat } from './newChat.js';
import { wholeNumber } from './queries.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Chats that one call may ask for (contract A11). */
const idsPerCallMax = 100;

type CountedProfile = ChatProfile & { readonly memberCount: number };

/** What making and showing a group or a room have of their own. */
interface ChatForms {
  readonly words: ChatWords;
  /** Who makes one; a user only makes its own. */
  readonly auth: 'app' | 'appOrAnyUser';
  readonly body: JsonSchema;
  readonly read: (body: NewChat) => ReadChat | ErrorRow;
  readonly show: (profile: CountedProfile) => object;
}

export function chatRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  const groupForms = {
    words: groups,
    auth: 'appOrAnyUser',
    body: newGroup,
    read: readGroup,
    show: showGroup,
  } as const;
  const roomForms = { words: rooms, auth: 'app', body: newRoom, read: readRoom, show: showRoom } as const;
  return [
    ...routesOf(groupForms, deps, replies),
    ...routesOf(roomForms, deps, replies),
    ...joinedRoutes(deps, replies),
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
      auth: forms.auth,
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
      auth: 'appOrAnyUser',
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
  const { principal } = call;
  if (principal.kind === 'user' && principal.user !== profile.owner) {
    return replies.refused(call, errors.notPermitted);
  }
  const app = appOf(call).no;
  const key = { kind: words.kind, id: deps.ids.next() };
  const created = await deps.storage.chats.create(
    { app, key, disabled: false, createdAt: deps.clock.now(), ...profile },
    members,
  );
  if (created === 'taken') return replies.refused(call, errors.groupIdTaken(key.id));
  return replies.ok(call, { path: `/${words.collection}`, data: { [words.idField]: key.id } });
}

async function get(forms: ChatForms, deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const { kind, collection } = forms.words;
  const ids = [...new Set(param(call, 'chat').split(','))].filter(isId);
  if (ids.length > idsPerCallMax) return replies.refused(call, errors.invalidRequest);
  const known = await deps.storage.chats.find(
    appOf(call).no,
    ids.map((id) => ({ kind, id })),
  );
  const found = await shownTo(deps, call, known);
  if (found.length === 0) return replies.refused(call, errors.resourceNotFound);
  const more = { count: found.length };
  return replies.ok(call, { path: `/${collection}`, data: found.map(forms.show), more });
}

/** A user is shown rooms, public groups, and the groups that it is in. */
async function shownTo(
  { storage }: HttpDeps,
  call: Call,
  known: readonly CountedProfile[],
): Promise<readonly CountedProfile[]> {
  const { principal } = call;
  if (principal.kind !== 'user') return known;
  const shown = await Promise.all(
    known.map(async (profile) => {
      if (profile.key.kind === 'chatroom' || isPublic(profile)) return true;
      return (await storage.chatReader.membersNow(profile.app, profile.key)).has(principal.user);
    }),
  );
  return known.filter((_, index) => shown[index]);
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
  const { key, name, description, membersMax, owner, createdAt, custom, memberCount, disabled } = profile;
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
    disabled,
  };
}

function showGroup(profile: CountedProfile): object {
  const { settings } = profile;
  return {
    ...showRoom(profile),
    public: isPublic(profile),
    membersonly: settings['membersonly'] ?? false,
    allowinvites: settings['allowinvites'] ?? false,
    permission: 'member',
  };
}

function joinedRoutes({ storage }: HttpDeps, replies: Replies): readonly Route[] {
  /** All of them, or the counted page that is asked for. */
  async function joined(call: Call, kind: ChatWords['kind']): Promise<readonly ChatProfile[]> {
    const all = await storage.chatReader.joined(appOf(call).no, param(call, 'username'), kind);
    const number = queryText(call, 'pagenum');
    if (number === undefined) return all;
    const page = wholeNumber(number, limits.pageRowsMax) ?? 1;
    const size = wholeNumber(queryText(call, 'pagesize') ?? '', limits.pageRowsMax) ?? limits.pageRowsDefault;
    return all.slice((page - 1) * size, page * size);
  }

  const row = { method: 'GET', auth: 'appOrUser', answers: answers(200, 401, 404) } as const;
  const paging = { pagenum: { type: 'integer' }, pagesize: { type: 'integer' } };
  return [
    {
      ...row,
      path: '/{org}/{app}/users/{username}/joined_chatgroups',
      operationId: 'listJoinedGroups',
      summary: 'Lists the groups that a user is in',
      tag: groups.tag,
      query: { ...paging, version: { type: 'string', description: 'v3: fields are named as in a group' } },
      async handle(call) {
        const chats = await joined(call, groups.kind);
        const renamed = queryText(call, 'version') === 'v3';
        const data = chats.map(({ key, name, disabled }) =>
          renamed ? { id: key.id, name, disabled } : { groupid: key.id, groupname: name },
        );
        return replies.ok(call, { path: '/users/joined_chatgroups', data, more: { count: data.length } });
      },
    },
    {
      ...row,
      path: '/{org}/{app}/users/{username}/joined_chatrooms',
      operationId: 'listJoinedRooms',
      summary: 'Lists the rooms that a user is in, as the web SDK reads them',
      tag: rooms.tag,
      query: paging,
      async handle(call) {
        const { org, name: app } = appOf(call);
        const chats = await joined(call, rooms.kind);
        const data = chats.map(({ key, name, owner, createdAt, description, membersMax }) => ({
          id: key.id,
          title: name,
          owner: `${org}#${app}_${owner}`,
          created: createdAt,
          description,
          max_users: membersMax,
        }));
        return replies.ok(call, { path: '/users/joined_chatrooms', data, more: { count: data.length } });
      },
    },
  ];
}
