import { chatKeyText, restraintKeyText, roleKeyText } from '@recalld/domain';
import type {
  AppNo,
  CallbackRule,
  ChatFacts,
  ChatKey,
  GroupType,
  LoadedFacts,
  MsgId,
  RecordedEvent,
  Restraint,
  RetryKey,
  Role,
  RoleKey,
  StreamId,
  TimelineId,
  WantedFacts,
} from '@recalld/domain';
import type { RuleBook } from '../callbacks/ruleBook.js';
import { chatTimeline } from '../directory/chatRows.js';
import { createFindRestraints, restraintRow } from '../directory/restraints.js';
import type { GenerationCounter } from '../directory/generations.js';
import type { Reads } from '../engines/database.js';
import { each, together } from '../steps.js';
import type { Steps } from '../steps.js';
import type { RetryKeyRows } from './retryKeyRows.js';
import type { Streams } from './streams.js';

export interface LoadFactsDeps {
  readonly reads: Reads;
  readonly streams: Streams;
  readonly retryKeys: Pick<RetryKeyRows, 'find'>;
  readonly rules: RuleBook;
  readonly generations: GenerationCounter;
}

/** Reads what the decisions of a batch need: all of it in one flight, but rules that are not in memory. */
export function createLoadFacts({
  reads,
  streams,
  retryKeys,
  rules,
  generations,
}: LoadFactsDeps): (wanted: readonly WantedFacts[]) => Steps<readonly LoadedFacts[]> {
  const { chatFacts, roles, messages } = compileAll(reads);
  const restraints = createFindRestraints(reads);

  return function* loadFacts(wanted) {
    const keys = wanted.flatMap((facts) => facts.streams.map((stream) => ({ app: facts.app, stream })));
    const [generation, whole, long, chatRows, roleRows, restraintRows, headRows, sentRows] = yield* together(
      generations.ask(),
      ...streams.ask(keys),
      each(chatFacts, wanted.flatMap(ofApp(({ chats }) => chats))),
      each(roles, wanted.flatMap(ofApp((facts) => facts.roles.map(roleRow)))),
      each(
        restraints,
        wanted.flatMap(({ app, restraints: keys }) => keys.map((key) => restraintRow(app, key))),
      ),
      each(messages, wanted.flatMap(ofApp((facts) => facts.heads.map((timeline) => ({ timeline }))))),
      each(retryKeys.find, wanted.flatMap(ofApp((facts) => facts.retryKeys.map((key) => ({ key }))))),
    );
    const events = streams.read(whole, long);
    streams.remember(keys, events);
    const known = rules.at(generations.read(generation).rules);
    const loaded = new Map(wanted.map(({ app }) => [app, new AppFacts(app)]));
    for (const event of events) loaded.get(event.app)?.addEvent(event);
    for (const { app_no: app, kind, chat, type, disabled } of chatRows) {
      // The type was checked when the chat was made.
      const facts = { groupType: type as GroupType, disabled: disabled === 1 };
      loaded.get(app)?.chats.set(chatKeyText({ kind, id: chat }), facts);
    }
    for (const { app_no: app, timeline, user, role } of roleRows) {
      loaded.get(app)?.rolesIn.set(JSON.stringify([timeline, user]), role);
    }
    for (const { app_no: app, scope, user, until_at: until } of restraintRows) {
      loaded.get(app)?.restraintsOf.set(JSON.stringify([scope, user]), { until });
    }
    for (const { app_no: app, timeline, messages: count } of headRows) {
      loaded.get(app)?.heads.set(timeline, count);
    }
    for (const { app_no: app, retry_key: key, msg_id: msgId } of sentRows) {
      loaded.get(app)?.retried.set(key, msgId);
    }
    const answers: LoadedFacts[] = [];
    for (const { app, ...asked } of wanted) {
      const facts = loaded.get(app);
      if (facts !== undefined) answers.push(facts.answer(asked, yield* known.enabled(app)));
    }
    return answers;
  };
}

/** What was found for one app. */
class AppFacts {
  readonly streams = new Map<StreamId, RecordedEvent[]>();
  readonly chats = new Map<string, ChatFacts>();
  /** By timeline and user. */
  readonly rolesIn = new Map<string, Role>();
  /** By the text of the scope and user. */
  readonly restraintsOf = new Map<string, Restraint>();
  readonly heads = new Map<TimelineId, number>();
  readonly retried = new Map<RetryKey, MsgId>();

  constructor(readonly app: AppNo) {}

  addEvent(event: RecordedEvent): void {
    const events = this.streams.get(event.stream);
    if (events === undefined) this.streams.set(event.stream, [event]);
    else events.push(event);
  }

  answer(asked: Pick<WantedFacts, 'roles' | 'restraints'>, rules: readonly CallbackRule[]): LoadedFacts {
    const { app, streams, chats, heads, retried } = this;
    const roles = new Map<string, Role>();
    for (const key of asked.roles) {
      const role = this.rolesIn.get(JSON.stringify([chatTimeline(key.chat), key.user]));
      if (role !== undefined) roles.set(roleKeyText(key), role);
    }
    const restraints = new Map<string, Restraint>();
    for (const key of asked.restraints) {
      const { scope, user } = restraintRow(app, key);
      const restraint = this.restraintsOf.get(JSON.stringify([scope, user]));
      if (restraint !== undefined) restraints.set(restraintKeyText(key), restraint);
    }
    return { app, streams, chats, roles, restraints, heads, retried, rules };
  }
}

/** The keys of one app with its number. */
function ofApp<K extends object>(
  keysOf: (facts: WantedFacts) => readonly K[],
): (facts: WantedFacts) => readonly (K & { readonly app: AppNo })[] {
  return (facts) => keysOf(facts).map((key) => ({ ...key, app: facts.app }));
}

function roleRow({ chat, user }: RoleKey) {
  return { timeline: chatTimeline(chat), user };
}

function compileAll({ db, statements }: Reads) {
  return {
    chatFacts: statements.select<ChatKey & { readonly app: AppNo }>({
      app: 'whole',
      kind: 'text',
      id: 'text',
    })((key) =>
      db
        .selectFrom('chats')
        .select(['app_no', 'kind', 'chat', 'type', 'disabled'])
        .where('app_no', '=', key.app)
        .where('chat', '=', key.id)
        .where('kind', '=', key.kind),
    ),
    roles: statements.select<{ readonly app: AppNo; readonly timeline: TimelineId; readonly user: string }>({
      app: 'whole',
      timeline: 'text',
      user: 'text',
    })((key) =>
      db
        .selectFrom('members')
        .select(['app_no', 'timeline', 'user', 'role'])
        .where('app_no', '=', key.app)
        .where('timeline', '=', key.timeline)
        .where('user', '=', key.user)
        .where('through_position', 'is', null),
    ),
    messages: statements.select<{ readonly app: AppNo; readonly timeline: TimelineId }>({
      app: 'whole',
      timeline: 'text',
    })((key) =>
      db
        .selectFrom('timelines')
        .select(['app_no', 'timeline', 'messages'])
        .where('app_no', '=', key.app)
        .where('timeline', '=', key.timeline),
    ),
  };
}
