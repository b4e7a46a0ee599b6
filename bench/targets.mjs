// @ts-check
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child.mjs';
import { recalledOnce, startRecalld } from './recalld.mjs';
import { appPath, token } from './services/envelope.mjs';
import { sqliteStore } from './stores.mjs';

/**
 * @typedef {object} Running a target that listens
 * @property {import('./load/requests.mjs').Target} target
 * @property {readonly number[]} pids
 * @property {readonly number[]} helperPids
 * @property {number} [databasePid] of a database's server that the target uses
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
 * @typedef {object} Place
 * @property {string} folder for stores
 * @property {ReturnType<typeof import('./stores.mjs').postgresStores>} postgres
 * @property {readonly string[]} nodeArgs
 */

/**
 * @typedef {object} Row
 * @property {string} label
 * @property {'recalld' | 'hand-written' | 'bare'} service
 * @property {string} callbacks what becomes of them during the measure
 * @property {number} recallsPerSecond messages to preload for each second of recalls: more than it can take back
 * @property {(place: Place) => Promise<Running>} start
 */

/** @type {Row} */
const handWritten = {
  label: 'hand-written Fastify + better-sqlite3',
  service: 'hand-written',
  callbacks: 'job row written, not sent',
  recallsPerSecond: 12_000,
  async start({ folder }) {
    const dir = mkdtempSync(join(folder, 'store-'));
    const child = startChild('services/handWritten.mjs');
    const { port } = await child.ask('start', { dir });
    return {
      ...plain(child, port),
      async check({ requests }) {
        const counted = await child.ask('count');
        if (Object.values(counted).every((count) => count === requests)) return;
        throw new Error(`${requests} messages were recalled, the store says ${JSON.stringify(counted)}`);
      },
      async stop() {
        await child.stop();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  },
};

/** @type {Row} */
const bare = {
  label: 'bare node:http',
  service: 'bare',
  callbacks: 'none',
  recallsPerSecond: 80_000,
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
    target: { ports: [port], path: appPath, token },
    pids: [child.pid],
    helperPids: [],
    check: async () => undefined,
    delivered: async () => 0,
    stop: child.stop,
  };
}

const outcomes = {
  none: 'none: no rule',
  planned: 'planned in the commit, not sent',
  sent: 'planned and sent to a local receiver',
};

/**
 * @param {import('./recalld.mjs').RuleKind} rule
 * @param {number} [nodes] on one PostgreSQL; left out: the embedded store
 * @returns {Row}
 */
function recalld(rule, nodes) {
  return {
    label:
      nodes === undefined ? 'recalld' : `recalld, PostgreSQL, ${nodes === 1 ? '1 node' : `${nodes} nodes`}`,
    service: 'recalld',
    callbacks: outcomes[rule],
    recallsPerSecond: nodes === undefined ? 50_000 : 15_000,
    async start({ folder, postgres, nodeArgs }) {
      const store = nodes === undefined ? sqliteStore(folder) : await postgres.make();
      const running = await startRecalld({ store, nodes: nodes ?? 1, rule, nodeArgs });
      const { target, pids, helperPids, admin } = running;
      return {
        target,
        pids,
        helperPids,
        ...(store.serverPid === undefined ? {} : { databasePid: store.serverPid }),
        async check({ requests, ids }) {
          await recalledOnce(admin, ids);
          if (rule === 'sent') await running.allDelivered(requests);
        },
        delivered: async () => (await running.delivered()).received,
        async stop() {
          await running.stop();
          await store.remove();
        },
      };
    },
  };
}

/** In the order of the table and of each round. */
export const rows = {
  recall: [recalld('planned'), recalld('sent'), recalld('none'), handWritten, bare],
  send: [
    { ...recalld('planned'), callbacks: 'none: a send has none' },
    { ...handWritten, callbacks: 'none: a send has none' },
    bare,
  ],
};

/** The embedded store beside PostgreSQL. */
export const engineRows = {
  recall: [
    recalld('planned'),
    recalld('planned', 1),
    recalld('planned', 2),
    recalld('sent'),
    recalld('sent', 1),
    recalld('sent', 2),
  ],
  send: [recalld('none'), recalld('none', 1), recalld('none', 2)].map((row) => ({
    ...row,
    callbacks: 'none: a send has none',
  })),
};
