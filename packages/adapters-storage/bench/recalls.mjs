// Measures load + commit of batches of recalls on the built package: node bench/recalls.mjs [batch] [rounds]
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { messageStream, pairTimeline, recallPolicyStream } from '@recalld/domain';
import { openSqliteStorage } from '../dist/index.js';

const batch = Number(process.argv[2] ?? 64);
const rounds = Number(process.argv[3] ?? 400);
const withRule = process.argv[4] === 'rule';
const dir = mkdtempSync(path.join(process.env.BENCH_DIR ?? os.tmpdir(), 'recalld-bench-'));
const clock = { now: () => Date.now() };
const storage = await openSqliteStorage({ dataDir: dir, clock });
const origin = { via: 'easemob', platform: 'RESTAPI', ip: '127.0.0.1' };
const app = 1;
await storage.apps.create({
  org: 'bench',
  name: 'app',
  uuid: 'u',
  sdkAppId: null,
  clientId: 'c',
  sealedClientSecret: 's',
  sealedSdkAppKey: null,
  sealedTokenKey: 'k',
  tokenEpoch: 0,
  rateLimits: {},
  createdAt: 0,
});
const rule =
  withRule &&
  (await storage.rules.create({
    id: 'b4cf5b55-5a35-4f7a-9c4b-0f2f4f8f1c11',
    app,
    name: 'r',
    url: 'http://127.0.0.1/',
    dialect: 'easemob',
    chatTypes: ['chat'],
    enabled: true,
    sealedSecret: null,
    createdAt: 0,
  }));

const users = 2000;
const userOf = (n) => `user-${n % users}`;
const total = batch * rounds;
const messages = Array.from({ length: total }, (_, n) => ({
  msgId: storage.ids.next(),
  from: userOf(n),
  to: userOf(n * 7 + 1),
}));
const payload = Buffer.from(JSON.stringify({ type: 'txt', body: { msg: 'x'.repeat(200) }, ext: {} }));

function sending({ msgId, from, to }) {
  const now = clock.now();
  return {
    type: 'MessageSent',
    data: {
      msgId,
      from,
      chat: { kind: 'chat', id: to },
      contentKind: 'txt',
      attachments: [],
      sentAt: now,
      expiresAt: null,
      random: null,
      origin,
      originDevice: null,
      flags: {},
    },
    occurredAt: now,
    actor: from,
  };
}
function recalling({ msgId, from, to }, seq) {
  const now = clock.now();
  return {
    type: 'MessageRecalled',
    data: {
      msgId,
      recallId: storage.ids.next(),
      from,
      by: 'admin',
      chat: { kind: 'chat', id: to },
      forced: true,
      held: true,
      messageSeq: seq,
      messageKey: `${seq}_1234567_1700000000`,
      policyVersion: 0,
      origin,
      originDevice: null,
      audience: 'all',
    },
    occurredAt: now,
    actor: 'admin',
  };
}
const wanted = (streams) => [{ app, streams, chats: [], roles: [], heads: [], retryKeys: [] }];

/** CPU time of this thread alone, us: walls and the whole process say little on a busy machine. */
const schedule = '/proc/thread-self/schedstat';
const cpuUs = existsSync(schedule)
  ? () => Number(readFileSync(schedule, 'utf8').split(' ')[0]) / 1000
  : () => process.cpuUsage().user;

async function phase(name, unitOf, shuffle) {
  const order = messages.map((_, n) => n);
  if (shuffle)
    for (let i = order.length - 1; i > 0; i -= 1) {
      const j = Math.floor(Math.random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
  const walls = [];
  let load = 0;
  let commit = 0;
  let wall = 0;
  for (let at = 0; at < total; at += batch) {
    const part = order.slice(at, at + batch).map((n) => messages[n]);
    const streams = [...part.map(({ msgId }) => messageStream(msgId)), recallPolicyStream];
    const began = performance.now();
    const c0 = cpuUs();
    const [facts] = await storage.commands.load(wanted(streams));
    const c1 = cpuUs();
    const loaded = performance.now();
    const units = part.map((m) => unitOf(m, facts));
    const deciding = performance.now() - loaded;
    const c2 = cpuUs();
    const done = await storage.commands.commit(units);
    commit += cpuUs() - c2;
    if (!done.ok) throw new Error('moved');
    load += c1 - c0;
    walls.push(performance.now() - began - deciding);
    wall += walls.at(-1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  walls.sort((a, b) => a - b);
  const each = (us) => (us / total).toFixed(1);
  const percentile = (p) => (walls[Math.floor(walls.length * p)] ?? 0).toFixed(2);
  console.log(
    `${name}: cpu load ${each(load)} + commit ${each(commit)} us each; ` +
      `wall ${each(wall * 1000)} us each, ${Math.round((total / wall) * 1000)}/s, ` +
      `batch p50 ${percentile(0.5)} p99 ${percentile(0.99)} ms`,
  );
}

let n = 0;
const common = (m) => ({
  commandId: `c0ffee00-0000-4000-8000-${String((n += 1)).padStart(12, '0')}`,
  app,
  timeline: pairTimeline(m.from, m.to),
});
await phase('send', (m) => {
  const { commandId, timeline } = common(m);
  return {
    commandId,
    app,
    appends: [{ stream: messageStream(m.msgId), expected: 0, events: [sending(m)], timeline }],
    puts: [{ event: 0, content: { format: 'easemob', payload } }],
    retryKeys: [],
    erase: [],
    deliveries: [],
  };
});
await phase(
  'recall',
  (m, facts) => {
    const { commandId, timeline } = common(m);
    const stream = messageStream(m.msgId);
    return {
      commandId,
      app,
      appends: [
        { stream, expected: 1, events: [recalling(m, facts.streams.get(stream)[0].messageSeq)], timeline },
      ],
      puts: [],
      retryKeys: [],
      erase: [m.msgId],
      deliveries: rule ? [{ rule, events: [0], orderKey: timeline }] : [],
    };
  },
  process.env.SHUFFLE === '1',
);
await storage.erasuresDone();
await storage.close();
rmSync(dir, { recursive: true });
