// @ts-check
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../scripts/lib/server.mjs';

const org = 'torture';
const app = 'chat';
export const appKey = `${org}#${app}`;

const [rootToken, clientId, clientSecret] = [secret(), secret(), secret()];

/**
 * A data folder of its own, and the server that is started on it, as often as the scenario wants.
 *
 * @param {Record<string, string>} [more] variables besides the usual ones
 */
export async function openPlace(more = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'recalld-torture-'));
  const env = {
    RECALLD_DATA_DIR: dataDir,
    RECALLD_APP: appKey,
    RECALLD_ROOT_TOKEN: rootToken,
    RECALLD_CLIENT_ID: clientId,
    RECALLD_CLIENT_SECRET: clientSecret,
    RECALLD_SDKAPPID: '1400000000',
    RECALLD_SDKAPPID_KEY: secret(),
    RECALLD_CALLBACK_ALLOW_PRIVATE: 'true',
    RECALLD_LOG_LEVEL: 'silent',
    ...more,
  };
  return {
    env,
    start: () => startServer(env),
    remove: () => rm(dataDir, { recursive: true, force: true }),
  };
}

/** @typedef {Awaited<ReturnType<typeof connect>>} Api */

/**
 * The calls that torture needs of a running server.
 *
 * @param {string | (() => string)} url its own, or for each call the one of any of several nodes
 */
export async function connect(url) {
  const at = typeof url === 'string' ? () => url : url;
  const base = () => `${at()}/${org}/${app}`;
  /** How many answers each status had. */
  const answers = /** @type {Map<number, number>} */ (new Map());
  /** @type {typeof request} */
  const call = async (...asked) => {
    const answer = await request(...asked);
    answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
    return answer;
  };
  const login = await call('POST', `${base()}/token`, '', {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  });
  const token = login.body.access_token;
  /** @param {string} method @param {string} path @param {object} [body] */
  const admin = (method, path, body) =>
    call(method, `${at()}/admin/v1/apps/${org}/${app}${path}`, rootToken, body);
  /** @param {string} from @param {string} to @param {object} content */
  const send = async (from, to, content) => {
    const sent = await call('POST', `${base()}/messages/users`, token, { from, to: [to], ...content });
    return sent.status === 200 ? /** @type {string} */ (sent.body.data[to]) : undefined;
  };
  return {
    admin,
    answers,

    /**
     * Sends a message and takes it back; answers its id once both were acknowledged, and when the recall
     * was asked for, ms of `performance.now()`.
     *
     * @param {string} from
     * @param {string} to
     * @param {object} [content]
     */
    async sendAndRecall(from, to, content = { type: 'txt', body: { msg: 'soon gone' } }) {
      const msgId = await send(from, to, content);
      if (msgId === undefined) return undefined;
      const recall = { msg_id: msgId, to, chat_type: 'chat' };
      const askedAt = performance.now();
      const { status } = await call('POST', `${base()}/messages/msg_recall`, token, recall);
      return status === 200 ? { msgId, askedAt } : undefined;
    },

    /**
     * Somebody deletes the conversation with whoever wrote; whether it was acknowledged.
     *
     * @param {string} from
     * @param {string} user
     */
    async sendAndDelete(from, user) {
      if ((await send(from, user, { type: 'txt', body: { msg: 'unwanted' } })) === undefined) return false;
      const conversation = { channel: from, type: 'chat', delete_roam: true };
      const url = `${base()}/users/${user}/user_channel`;
      return (await call('DELETE', url, token, conversation)).status === 200;
    },

    /** Uploads a small file; answers its uuid and where it is. */
    async upload() {
      const body = new FormData();
      body.append('file', new Blob(['an image']), 'image.png');
      const headers = { authorization: `Bearer ${token}` };
      const files = `${base()}/chatfiles`;
      const response = await fetch(files, { method: 'POST', headers, body });
      const [{ uuid }] = /** @type {any} */ (await response.json()).entities;
      return { uuid: /** @type {string} */ (uuid), url: `${files}/${uuid}` };
    },

    /** @param {number} seconds of the recall window; whether it was acknowledged */
    async changeWindow(seconds) {
      const policy = { enabled: true, window_seconds: seconds };
      return (await admin('PUT', '/recall-policy', policy)).status === 200;
    },

    /** @param {object} rule */
    async addRule(rule) {
      const { status, body } = await admin('POST', '/callback-rules', rule);
      if (status !== 201) throw new Error(`the rule was answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },

    /** @param {'pending' | 'dead'} status how many there are, up to a thousand */
    async count(status) {
      const { body } = await admin('GET', `/deliveries?status=${status}&limit=1000`);
      return /** @type {number} */ (body.entities.length);
    },
  };
}

/**
 * @param {string} method
 * @param {string} url
 * @param {string} token
 * @param {object} [json]
 * @returns {Promise<{ status: number, body: any }>}
 */
async function request(method, url, token, json) {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

function secret() {
  return randomBytes(16).toString('hex');
}
