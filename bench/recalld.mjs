// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../scripts/lib/server.mjs';
import { startChild } from './child.mjs';
import { appPath, application, organization } from './services/envelope.mjs';

/** @typedef {'none' | 'planned' | 'sent'} RuleKind planned: its receiver takes connections and never answers,
 *   so that every recall writes its delivery and next to none is sent */

/** How long deliveries may take to arrive after the measure, before they count as lost. */
const deliveredDeadlineMs = 120_000;

const environment = {
  RECALLD_ROOT_TOKEN: 'bench-root-token',
  RECALLD_APP: `${organization}#${application}`,
  RECALLD_CLIENT_ID: 'bench-client',
  RECALLD_CLIENT_SECRET: 'bench-client-secret',
  RECALLD_CALLBACK_ALLOW_PRIVATE: 'true',
  RECALLD_LOG_LEVEL: 'warn',
};

/**
 * Starts nodes on a store, and a receiver when they are to have a rule. What a store of an earlier start has, stays.
 *
 * @param {object} wanted
 * @param {import('./stores.mjs').Store} wanted.store
 * @param {number} [wanted.nodes]
 * @param {RuleKind} [wanted.rule]
 * @param {readonly string[]} [wanted.nodeArgs]
 * @param {Readonly<Record<string, string>>} [wanted.env]
 */
export async function startRecalld({ store, nodes = 1, rule = 'none', nodeArgs = [], env = {} }) {
  /** @type {import('../scripts/lib/server.mjs').RunningServer[]} */
  const servers = [];
  for (let n = 0; n < nodes; n += 1) {
    servers.push(await startServer({ ...environment, ...store.env, ...env }, nodeArgs));
  }
  const url = servers[0]?.url ?? '';
  const admin = adminApi(url);
  await admin('PUT', '/recall-policy', { enabled: true, window_seconds: 604_800 });
  /** @type {{ id: string }[]} */
  const rules = [];
  const receiver = rule === 'none' ? undefined : startChild('services/receiver.mjs');
  if (receiver !== undefined) {
    const { port } = await receiver.ask('start', { silent: rule === 'planned' });
    const address = `http://127.0.0.1:${port}/callbacks`;
    const made = { name: 'bench', url: address, dialect: 'easemob', secret: 'bench-rule-secret' };
    rules.push(await admin('POST', '/callback-rules', { ...made, chat_types: ['chat'], enabled: true }));
  }
  return {
    target: {
      ports: servers.map((server) => Number(new URL(server.url).port)),
      path: appPath,
      token: await appToken(url),
    },
    admin,
    pids: servers.map(({ pid }) => pid),
    helperPids: receiver === undefined ? [] : [receiver.pid],
    /** @returns {Promise<{ received: number, distinct: number }>} callbacks that the receiver has */
    delivered: async () => (receiver === undefined ? { received: 0, distinct: 0 } : receiver.ask('count')),
    /** Waits until the receiver has been told of so many recalls. @param {number} recalled */
    async allDelivered(recalled) {
      const deadline = Date.now() + deliveredDeadlineMs;
      for (;;) {
        const { distinct } = await this.delivered();
        if (distinct === recalled) return;
        if (Date.now() > deadline) throw new Error(`${recalled} were recalled, ${distinct} callbacks came`);
        await sleep(100);
      }
    },
    /** The next start on the store makes another one. */
    async removeRule() {
      for (const { id } of rules) await admin('DELETE', `/callback-rules/${id}`);
    },
    async stop() {
      const codes = await Promise.all(servers.map((server) => server.stop()));
      await receiver?.stop();
      if (codes.some((code) => code !== 0)) {
        throw new Error(
          `recalld ended with ${codes.join(', ')}: ${servers.map((s) => s.output()).join('\n')}`,
        );
      }
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
        headers: {
          authorization: `Bearer ${environment.RECALLD_ROOT_TOKEN}`,
          'content-type': 'application/json',
        },
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
      client_id: environment.RECALLD_CLIENT_ID,
      client_secret: environment.RECALLD_CLIENT_SECRET,
    }),
  });
  return (await answerOf(response)).access_token;
}

/** @param {Response} response */
async function answerOf(response) {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/**
 * @param {ReturnType<typeof adminApi>} admin
 * @param {readonly string[]} ids
 */
export async function recalledOnce(admin, ids) {
  for (const id of ids) {
    const { entities } = await admin('GET', `/messages/${id}/events`);
    const recalls = entities.filter((/** @type {{ type: string }} */ { type }) => type === 'MessageRecalled');
    if (recalls.length !== 1) throw new Error(`${id} has ${recalls.length} recalls in its audit trail`);
  }
}
