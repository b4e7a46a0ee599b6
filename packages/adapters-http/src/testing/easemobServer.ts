import { createCommandLoop, createLiveUpdates } from '@recalld/domain';
import type { App, AttachmentBytes, CommandLoop, Log, StoragePorts, User } from '@recalld/domain';
import {
  createFixedClock,
  createMemoryAttachmentBytes,
  createMemoryStorage,
  createSequentialIds,
  immediateTurn,
} from '@recalld/domain/testing/memory';
import type { FixedClock } from '@recalld/domain/testing/memory';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../app.js';
import type { Mounted } from '../app.js';
import type { HttpDeps } from '../deps.js';
import { createStreamSeats } from '../easemob/events/seats.js';
import { readEasemobContent } from '../easemob/contents.js';
import { createCheapPasswords, createOpenBox, createOpenTokens } from './security.js';

export const clientSecret = 'client-secret';
const startedAt = 1_760_000_000_000;

type Verb = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

export interface Asked {
  /** null: none at all. Left out: the app's token. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text or bytes go out as they are, anything else as JSON. */
  readonly body?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The JSON of the answer; `{}` when it is none. */
  readonly body: Record<string, unknown>;
}

/** The HTTP side over memory, with one app and calls as its backend makes them. */
export interface EasemobServer {
  readonly server: FastifyInstance;
  readonly deps: HttpDeps;
  readonly storage: StoragePorts;
  readonly clock: FixedClock;
  readonly app: App;
  readonly appToken: string;
  readonly logged: readonly object[];
  /** The token of a user, who is registered when nobody has that name. */
  userToken(user: string): string;
  /** Below `/acme/im`. */
  call(method: Verb, path: string, asked?: Asked): Promise<Answered>;
  /** Any path at all. */
  raw(method: Verb, url: string, asked?: Asked): Promise<Answered>;
  /** Sends a text; answers its message id. */
  send(to: string, more?: object): Promise<string>;
  recall(msgId: unknown, more?: object): Promise<Answered>;
}

export interface Changes {
  readonly loop?: (loop: CommandLoop) => CommandLoop;
  readonly bytes?: (bytes: AttachmentBytes) => AttachmentBytes;
  readonly settings?: Partial<HttpDeps['settings']>;
  readonly mounted?: Mounted;
  readonly streamsMax?: number;
  readonly rootToken?: string;
}

export async function startEasemobServer(changes: Changes = {}): Promise<EasemobServer> {
  const logged: object[] = [];
  const storage = createMemoryStorage();
  const clock = createFixedClock(startedAt);
  const app = await storage.apps.create(appSample());
  if (typeof app === 'string') throw new Error('the storage is empty');
  const deps = createDeps(changes, storage, clock, logged);
  const server = createApp(deps, changes.mounted ?? { apis: [] });
  const issue = (subject: { kind: 'app' } | { kind: 'user'; user: string }) =>
    deps.tokens.issue(app, { subject, issuedAt: clock.now(), expiresAt: null });
  const appToken = issue({ kind: 'app' });

  async function raw(method: Verb, url: string, asked: Asked = {}): Promise<Answered> {
    const { token = appToken, headers = {}, body } = asked;
    const plain = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined;
    const response = await server.inject({
      method,
      url,
      headers: {
        host: 'chat.example.com',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(plain ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: plain ? body : JSON.stringify(body) }),
    });
    const { statusCode: status, payload: text } = response;
    return { status, headers: response.headers, text, body: parsed(text) };
  }

  const call: EasemobServer['call'] = (method, path, asked) => raw(method, `/acme/im${path}`, asked);
  return {
    server,
    deps,
    storage,
    clock,
    app,
    appToken,
    logged,
    userToken(user) {
      // In memory it is done before the next request.
      void storage.users.register([userSample(app, user, clock.now())]);
      return issue({ kind: 'user', user });
    },
    call,
    raw,
    async send(to, more = {}) {
      const body = { from: 'u1', to: [to], type: 'txt', body: { msg: 'hello' }, ...more };
      const sent = await call('POST', '/messages/users', { body });
      const msgId = (sent.body['data'] as Record<string, string> | undefined)?.[to];
      if (msgId === undefined) throw new Error(`not sent: ${sent.text}`);
      return msgId;
    },
    recall: (msg_id, more = {}) =>
      call('POST', '/messages/msg_recall', { body: { msg_id, to: 'u2', chat_type: 'chat', ...more } }),
  };
}

function createDeps(changes: Changes, storage: StoragePorts, clock: FixedClock, logged: object[]): HttpDeps {
  const ids = createSequentialIds(clock);
  const loop = createCommandLoop({
    store: storage.commands,
    plan: () => [],
    nextCommandId: () => `command ${ids.next()}`,
    nextTurn: immediateTurn,
  });
  const bytes = createMemoryAttachmentBytes();
  const keep = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, message, ...fields });
  const log: Log = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
  return {
    storage,
    loop: changes.loop?.(loop) ?? loop,
    ids,
    clock,
    tokens: createOpenTokens(),
    passwords: createCheapPasswords(),
    secretBox: createOpenBox(),
    attachmentBytes: changes.bytes?.(bytes) ?? bytes,
    // What devices decode is another adapter's; here a message reads as `id payload`.
    codec: {
      encode: (_app, { itemId }, content) =>
        Buffer.from(`${itemId} ${Buffer.from(content?.payload ?? []).toString('utf8')}`),
    },
    // Other formats read as a text, their payload.
    decoder: {
      decode: ({ format, payload }) =>
        format === 'easemob'
          ? readEasemobContent(payload)
          : { body: { kind: 'txt', text: Buffer.from(payload).toString('utf8') }, ext: {} },
    },
    live: createLiveUpdates({ log: storage.log, chats: storage.chatReader }),
    streams: createStreamSeats(changes.streamsMax ?? 100),
    callbackRequests: {
      render: async ({ rule }) => ({ url: rule.url, headers: {}, body: '' }),
      callId: () => null,
    },
    callbackUrls: { refusal: () => undefined },
    log,
    isRootToken: (token) => token === (changes.rootToken ?? 'root-token'),
    addressOf: () => '127.0.0.1',
    settings: { publicUrl: null, messageRetentionMs: null, logRequests: true, ...changes.settings },
  };
}

function userSample({ no }: App, id: string, now: number): User {
  const profile = { uuid: `uuid of ${id}`, nickname: null, passwordHash: 'none', activated: true };
  return { app: no, id, ...profile, createdAt: now, modifiedAt: now };
}

function appSample(): Omit<App, 'no'> {
  return {
    org: 'acme',
    name: 'im',
    uuid: '09ebbf8b-0000-4000-8000-d47c3b38e434',
    sdkAppId: null,
    clientId: 'client-id',
    sealedClientSecret: createOpenBox().seal(clientSecret),
    sealedSdkAppKey: null,
    sealedTokenKey: createOpenBox().seal('token-key'),
    tokenEpoch: 0,
    rateLimits: {},
    createdAt: startedAt,
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
