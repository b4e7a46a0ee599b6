// @ts-check
import { textsOf } from './roaming.mjs';

/** @typedef {{ status: number, body: any }} Answer */
/** @typedef {{ token?: string, json?: unknown, form?: FormData, headers?: Record<string, string> }} CallOptions */

/**
 * @param {string} method
 * @param {string} url
 * @param {CallOptions} [options]
 * @returns {Promise<Answer>} `body` is undefined for an answer that is no JSON
 */
async function call(method, url, { token, json, form, headers } = {}) {
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(form === undefined ? {} : { body: form }),
  });
  const type = response.headers.get('content-type') ?? '';
  const text = await response.text();
  return { status: response.status, body: type.includes('json') ? JSON.parse(text) : undefined };
}

/**
 * The same for calls that the demo cannot go on without.
 *
 * @param {string} method
 * @param {string} url
 * @param {CallOptions} [options]
 */
async function need(method, url, options) {
  const { status, body } = await call(method, url, options);
  if (status === 200 || status === 201) return body;
  const reason = body?.error_description ?? 'no JSON';
  throw new Error(`${method} ${url} was answered ${status}: ${reason}`);
}

/**
 * What an app's backend and its users call, in the words of the Easemob REST API.
 *
 * @param {import('./place.mjs').Place} place
 */
export async function createApi({ url, org, app, clientId, clientSecret, rootToken }) {
  const base = `${url}/${org}/${app}`;
  const admin = `${url}/admin/v1/apps/${org}/${app}`;
  const login = await need('POST', `${base}/token`, {
    json: { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
  });
  const token = login.access_token;
  /** @param {{ from: string, to: string, group?: boolean, type: string, body: object }} message */
  const send = async ({ from, to, group = false, type, body }) => {
    const path = group ? '/messages/chatgroups' : '/messages/users';
    const sent = await need('POST', `${base}${path}`, { token, json: { from, to: [to], type, body } });
    return /** @type {string} */ (sent.data[to]);
  };
  return {
    expiresInDays: Math.round(login.expires_in / 86_400),
    send,

    /** @param {string} username @param {string} password */
    async register(username, password) {
      await need('POST', `${base}/users`, { token, json: { username, password } });
      const own = await need('POST', `${base}/token`, {
        json: { grant_type: 'password', username, password },
      });
      return /** @type {string} */ (own.access_token);
    },

    /** @param {string} groupname @param {string} owner @param {string[]} members */
    async createGroup(groupname, owner, members) {
      const json = { groupname, description: groupname, public: true, maxusers: 200, owner, members };
      const made = await need('POST', `${base}/chatgroups`, { token, json });
      return /** @type {string} */ (made.data.groupid);
    },

    /** @param {Uint8Array<ArrayBuffer>} bytes @param {string} filename */
    async upload(bytes, filename) {
      const form = new FormData();
      form.append('file', new Blob([bytes], { type: 'image/png' }), filename);
      const made = await need('POST', `${base}/chatfiles`, {
        token,
        form,
        headers: { 'restrict-access': 'true' },
      });
      const [file] = made.entities;
      return { url: `${base}/chatfiles/${file.uuid}`, secret: file['share-secret'] };
    },

    /** @param {{ url: string, secret: string }} file */
    download: (file) => call('GET', file.url, { token, headers: { 'share-secret': file.secret } }),

    /** @param {object} recall */
    recall: (recall) => call('POST', `${base}/messages/msg_recall`, { token, json: recall }),

    /** @param {string} user @param {object} conversation */
    deleteConversation: (user, conversation) =>
      need('DELETE', `${base}/users/${user}/user_channel`, { token, json: conversation }),

    /**
     * The chats in a user's list, without the appkey and the domain around them.
     *
     * @param {string} user
     * @param {string} userToken
     */
    async conversations(user, userToken) {
      const list = await need('GET', `${base}/users/${user}/user_channels`, { token: userToken });
      return list.data.channel_infos.map((/** @type {{ channel_id: string }} */ { channel_id: id }) =>
        id.slice(`${org}#${app}_`.length).replace(/@.*$/, ''),
      );
    },

    /**
     * What a user's device reads of a chat's history, oldest first.
     *
     * @param {string} user
     * @param {string} userToken
     * @param {string} queue the peer or group with its domain
     */
    async history(user, userToken, queue) {
      const json = { queue, start: -1, end: -1, pull_number: 20, is_positive: true };
      const pulled = await need('POST', `${base}/users/${user}/messageroaming`, { token: userToken, json });
      return textsOf(pulled.data.msgs);
    },

    /** @param {object} rule */
    addRule: (rule) => call('POST', `${admin}/callback-rules`, { token: rootToken, json: rule }),

    /** @param {string} id */
    removeRule: (id) => call('DELETE', `${admin}/callback-rules/${id}`, { token: rootToken }),
  };
}
