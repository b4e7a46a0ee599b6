// @ts-check
// What a team would write by hand: Fastify with schemas, better-sqlite3, one transaction per request.
import assert from 'node:assert/strict';
import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import Fastify from 'fastify';
import { answerCalls } from '../child.mjs';
import { appPath, envelope, token } from './envelope.mjs';
import { recallSchema, sendSchema } from './schemas.mjs';

const recallWindowMs = 3_600_000;
const bearer = Buffer.from(`Bearer ${token}`);

const tables = `
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    body TEXT,
    sent_at INTEGER NOT NULL,
    recalled_at INTEGER
  );
  CREATE INDEX history ON messages (receiver, sender, id);
  CREATE TABLE webhook_jobs (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL,
    payload TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX due ON webhook_jobs (due_at);
`;

/**
 * Synchronous FULL, as recalld: better-sqlite3 by itself falls to NORMAL in WAL mode.
 *
 * @param {string} dir
 */
function openStore(dir) {
  const db = new Database(join(dir, 'hand-written.sqlite'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  assert.equal(db.pragma('synchronous', { simple: true }), 2);
  db.exec(tables);
  const insertMessage = db.prepare(
    'INSERT INTO messages (sender, receiver, body, sent_at) VALUES (?, ?, ?, ?)',
  );
  const markRecalled = db.prepare(
    'UPDATE messages SET recalled_at = ?, body = NULL' +
      ' WHERE id = ? AND receiver = ? AND recalled_at IS NULL AND sent_at >= ?',
  );
  const insertJob = db.prepare('INSERT INTO webhook_jobs (message_id, payload, due_at) VALUES (?, ?, ?)');
  return {
    send: db.transaction((/** @type {any} */ { from, to, type, body, ext }, /** @type {number} */ now) => {
      const content = JSON.stringify({ type, body, ext });
      return to.map((/** @type {string} */ user) => [
        user,
        String(insertMessage.run(from, user, content, now).lastInsertRowid),
      ]);
    }),
    recall: db.transaction((/** @type {any} */ { msg_id, from, to }, /** @type {number} */ now) => {
      if (markRecalled.run(now, msg_id, to, now - recallWindowMs).changes === 0) return false;
      insertJob.run(msg_id, JSON.stringify({ chat_type: 'recall', from, to, recall_id: msg_id }), now);
      return true;
    }),
    count: db.prepare(
      'SELECT (SELECT count(*) FROM messages WHERE recalled_at IS NOT NULL) AS recalled,' +
        ' (SELECT count(DISTINCT message_id) FROM webhook_jobs) AS told, (SELECT count(*) FROM webhook_jobs) AS jobs',
    ),
  };
}

/** @param {ReturnType<typeof openStore>} store */
function createApp(store) {
  const app = Fastify();
  app.addHook('onRequest', async (request, reply) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length === bearer.length && timingSafeEqual(given, bearer)) return;
    return reply.code(401).send({ error: 'unauthorized' });
  });
  app.post(`${appPath}/messages/users`, { schema: sendSchema }, async (request) => {
    const now = Date.now();
    return envelope('/messages/users', Object.fromEntries(store.send.immediate(request.body, now)), now);
  });
  app.post(`${appPath}/messages/msg_recall`, { schema: recallSchema }, async (request, reply) => {
    const now = Date.now();
    const { msg_id, from, to, chat_type } = /** @type {any} */ (request.body);
    if (!store.recall.immediate({ msg_id, from, to }, now)) {
      return reply.code(403).send({ error: 'message_recall_error', error_description: 'not_found msg' });
    }
    return envelope('/messages/msg_recall', { recalled: 'yes', chattype: chat_type, from, to, msg_id }, now);
  });
  return app;
}

/** @type {ReturnType<typeof openStore> | undefined} */
let store;

answerCalls({
  /** @param {{ dir: string }} call */
  async start({ dir }) {
    store = openStore(dir);
    const app = createApp(store);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server.address();
  },
  count: () => store?.count.get(),
});
