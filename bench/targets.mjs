// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../scripts/lib/server.mjs';
import { startChild } from './child.mjs';
import { appPath, application, organization, token } from './services/envelope.mjs';

/**
 * @typedef {object} Running a target that listens
 * @property {import('./load/requests.mjs').Target} target
 * @property {number} pid
 * @property {readonly number[]} helperPids
 * @property {(recalled: Recalled) => Promise<void>} check throws unless each was recalled exactly once
 * @property {() => Promise<number>} delivered callbacks that the receiver has
 * @property {() => Promise<void>} stop
 */

/**
 * @typedef {object} Recalled
 * @property {number} requests how many messages were recalled
 * @property {readonly string[]} ids some of them
 */

/**
 * @typedef {object} Row
 * @property {string} label
 * @property {'recalld' | 'hand-written' | 'bare'} service
 * @property {string} callbacks what becomes of them during the measure
 * @property {(dir: string, nodeArgs: readonly string[]) => Promise<Running>} start
 */

/** How long deliveries may take to arrive after the measure, before they count as lost. */
const deliveredDeadlineMs = 120_000;

const credentials = {
  RECALLD_ROOT_TOKEN: 'bench-root-token',
  RECALLD_APP: `${organization}#${application}`,
  RECALLD_CLIENT_ID: 'bench-client',
  RECALLD_CLIENT_SECRET: 'bench-client-secret',
};

/** @type {Row} */
const handWritten = {
  label: 'hand-written Fastify + better-sqlite3',
  service: 'hand-written',
  callbacks: 'job row written, not sent',
  async start(dir) {
    const child = startChild('services/handWritten.mjs');
    const { port } = await child.ask('start', { dir });
    return {
      ...plain(child, port),
      async check({ requests }) {
        const counted = await child.ask('count');
        if (Object.values(counted).every((count) => count === requests)) return;
        throw new Error(`${requests} messages were recalled, the store says ${JSON.stringify(counted)}`);
      },
    };
  },
};

/** @type {Row} */
const bare = {
  label: 'bare node:http',
  service: 'bare',
  callbacks: 'none',
  async start() {
    const child = startChild('services/bare.mjs');
    const { port } = await child.ask('start');
    return plain(child, port);
  },
};

/**
 * @param {import('./child.mjs').Child} child
 * @param {number} port
 * @returns {Running}
 */
function plain(child, port) {
  return {
    target: { port, path: appPath, token },
    pid: child.pid,
    helperPids: [],
    check: async () => undefined,
    delivered: async () => 0,
    stop: child.stop,
  };
}

/**
 * @param {'none' | 'planned' | 'sent'} rule planned: the receiver takes connections and never answers,
 *   so that every recall writes its delivery and next to none is sent
 * @param {string} callbacks
 * @returns {Row}
 */
function recalld(rule, callbacks) {
  return {
    label: 'recalld',
    service: 'recalld',
    callbacks,
    async start(dir, nodeArgs) {
      const env = { ...credentials, RECALLD_DATA_DIR: dir, RECALLD_CALLBACK_ALLOW_PRIVATE: 'true' };
      const server = await startServer({ ...env, RECALLD_LOG_LEVEL: 'warn' }, nodeArgs);
      const receiver = rule === 'none' ? undefined : startChild('services/receiver.mjs');
      const admin = adminApi(server.url);
      await admin('PUT', '/recall-policy', { enabled: true, window_seconds: 3600 });
      if (receiver !== undefined) {
        const { port } = await receiver.ask('start', { silent: rule === 'planned' });
        const url = `http://127.0.0.1:${port}/callbacks`;
        const made = { name: 'bench', url, dialect: 'easemob', secret: 'bench-rule-secret' };
        await admin('POST', '/callback-rules', { ...made, chat_types: ['chat'], enabled: true });
      }
      return {
        target: { port: Number(new URL(server.url).port), path: appPath, token: await appToken(server.url) },
        pid: server.pid,
        helperPids: receiver === undefined ? [] : [receiver.pid],
        async check({ requests, ids }) {
          await recalledOnce(admin, ids);
          if (rule === 'sent' && receiver !== undefined) await allDelivered(receiver, requests);
        },
        delivered: async () => (receiver === undefined ? 0 : (await receiver.ask('count')).received),
        async stop() {
          const code = await server.stop();
          await receiver?.stop();
          if (code !== 0) throw new Error(`recalld ended with ${code}: ${server.output()}`);
        },
      };
    },
  };
}

/** @param {string} url */
function adminApi(url) {
  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  return async (method, path, body) =>
    answerOf(
      await fetch(`${url}/admin/v1/apps/${organization}/${application}${path}`, {
        method,
        headers: { authorization: 'Bearer bench-root-token', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
}

/** @param {string} url */
async function appToken(url) {
  const response = await fetch(`${url}${appPath}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      grant_type: 'client_credentials',
      client_id: credentials.RECALLD_CLIENT_ID,
      client_secret: credentials.RECALLD_CLIENT_SECRET,
    }),
  });
  return (await answerOf(response)).access_token;
}

/** @param {Response} response */
async function answerOf(response) {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/**
 * @param {ReturnType<typeof adminApi>} admin
 * @param {readonly string[]} ids
 */
async function recalledOnce(admin, ids) {
  for (const id of ids) {
    const { entities } = await admin('GET', `/messages/${id}/events`);
    const recalls = entities.filter((/** @type {{ type: string }} */ { type }) => type === 'MessageRecalled');
    if (recalls.length !== 1) throw new Error(`${id} has ${recalls.length} recalls in its audit trail`);
  }
}

/**
 * @param {import('./child.mjs').Child} receiver
 * @param {number} recalled
 */
async function allDelivered(receiver, recalled) {
  const deadline = Date.now() + deliveredDeadlineMs;
  for (;;) {
    const { distinct } = await receiver.ask('count');
    if (distinct === recalled) return;
    if (Date.now() > deadline) throw new Error(`${recalled} were recalled, ${distinct} callbacks came`);
    await sleep(100);
  }
}

/** @type {Record<'recall' | 'send', readonly Row[]>} in the order of the table and of each round */
export const rows = {
  recall: [
    recalld('planned', 'planned in the commit, not sent'),
    recalld('sent', 'planned and sent to a local receiver'),
    recalld('none', 'none: no rule'),
    handWritten,
    bare,
  ],
  send: [
    recalld('planned', 'none: a send has none'),
    { ...handWritten, callbacks: 'none: a send has none' },
    bare,
  ],
};
