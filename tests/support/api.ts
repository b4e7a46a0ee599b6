import { credentials } from './server.js';

export interface Answer {
  readonly status: number;
  // Answers are looked into freely by tests.
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that takes longer never comes: whatever a server waits for, it says so before. */
const answerMs = 15_000;

export type Api = Awaited<ReturnType<typeof createApi>>;

/** Calls of the Easemob and management APIs of a running server, as an app's backend makes them. */
export async function createApi(url: string) {
  const appUrl = `${url}/${credentials.org}/${credentials.app}`;
  const adminUrl = `${url}/admin/v1/apps/${credentials.org}/${credentials.app}`;
  const { clientId: client_id, clientSecret: client_secret } = credentials;
  const login = await call('POST', `${appUrl}/token`, {
    body: { grant_type: 'client_credentials', client_id, client_secret },
  });
  const appToken = text(login.body['access_token']);

  async function app(method: string, path: string, body?: unknown, token = appToken): Promise<Answer> {
    return call(method, `${appUrl}${path}`, { token, ...(body === undefined ? {} : { body }) });
  }

  return {
    appUrl,
    appToken,
    app,
    admin: (method: string, path: string, body?: unknown) =>
      call(method, `${adminUrl}${path}`, {
        token: credentials.rootToken,
        ...(body === undefined ? {} : { body }),
      }),
    /** Sends a text to a user and answers its message id. */
    async sendText(from: string, to: string, msg: string): Promise<string> {
      const sent = await app('POST', '/messages/users', { from, to: [to], type: 'txt', body: { msg } });
      return text((sent.body['data'] as Record<string, unknown> | undefined)?.[to]);
    },
    /** Uploads one file of a form and answers where it is. */
    async upload(
      form: FormData,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<{ url: string; uuid: string; secret: string | undefined }> {
      const authorization = `Bearer ${appToken}`;
      const request = { method: 'POST', headers: { authorization, ...headers }, body: form };
      const answer = (await (await fetch(`${appUrl}/chatfiles`, request)).json()) as {
        entities: readonly { readonly uuid: string; readonly 'share-secret'?: string }[];
      };
      const [file] = answer.entities;
      const uuid = text(file?.uuid);
      return { url: `${appUrl}/chatfiles/${uuid}`, uuid, secret: file?.['share-secret'] };
    },
    /** Sends an image to u2 and answers its message id. */
    async sendImage(image: object): Promise<string> {
      const message = { from: 'u1', to: ['u2'], type: 'img', body: image };
      const sent = await app('POST', '/messages/users', message);
      return text((sent.body['data'] as Record<string, unknown> | undefined)?.['u2']);
    },
    recall: (msg_id: string, to: string, more: object = {}) =>
      app('POST', '/messages/msg_recall', { msg_id, to, chat_type: 'chat', ...more }),
    async roaming(user: string, queue: string): Promise<readonly unknown[]> {
      const pulled = await app('POST', `/users/${user}/messageroaming`, {
        queue,
        start: -1,
        end: -1,
        pull_number: 50,
      });
      return (pulled.body['data'] as { msgs: readonly unknown[] }).msgs;
    },
  };
}

async function call(method: string, url: string, options: CallOptions = {}): Promise<Answer> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(url, {
    method,
    headers,
    signal: AbortSignal.timeout(answerMs),
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const answered = await response.text();
  return { status: response.status, text: answered, body: parse(answered) };
}

function parse(answered: string): Record<string, unknown> {
  try {
    return JSON.parse(answered) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`expected a text, got ${JSON.stringify(value)}`);
  return value;
}
