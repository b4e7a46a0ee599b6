// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../child.mjs';
import { memoryArgs, memoryOf } from '../growth/memoryOf.mjs';
import { cpuOf } from '../load/cpu.mjs';
import { startRecalld } from '../recalld.mjs';
import { count, table } from '../report/tables.mjs';
import { application, organization } from '../services/envelope.mjs';
import { sqliteStore } from '../stores.mjs';

/** @typedef {import('../child.mjs').Child} Child */
/** @typedef {Awaited<ReturnType<typeof startRecalld>>} Recalld */

/** Devices of one process of clients: its open files are limited too. */
const devicesPerChild = 5_000;
/** A new user's password has to be hashed, which takes long: idle users have many devices. */
const devicesPerUser = 25;
/** Files that a process has open besides its sockets. */
const otherFiles = 200;
const tokensAtOnce = 64;
/** From the last login until the server's memory is read: garbage of logins is gone by then. */
const settleMs = 20_000;
const latencySamples = 300;

/**
 * Idle devices by the thousand on one server: the memory of each, the way of one message among them, and
 * messages a second by sockets beside the same by REST.
 *
 * @param {{ folder: string, generator: Child, options: import('../options.mjs').Options }} place
 */
export async function measureConnections({ folder, generator, options }) {
  const { idle } = options;
  requireFiles(idle);
  const store = sqliteStore(folder);
  const memoryFile = join(folder, 'memory.json');
  const env = {
    BENCH_MEMORY_FILE: memoryFile,
    RECALLD_CONNECTIONS_MAX: String(idle + options.connections * 2 + otherFiles),
  };
  const server = await startRecalld({ store, env, nodeArgs: memoryArgs });
  const memory = () => memoryOf(server.pids[0] ?? 0, memoryFile);
  const children = /** @type {Child[]} */ ([]);
  const url = `http://127.0.0.1:${server.target.ports[0]}`;
  const at = { url, appKey: `${organization}#${application}` };
  /** @param {string} name @param {number} users @param {number} [devices] of each user */
  const open = async (name, users, devices = 1) => {
    const made = await makeAccounts(url, server.target, name, users);
    const accounts = made.flatMap((account) =>
      Array.from({ length: devices }, (_, n) => ({ ...account, device: `webim_web_${n}` })),
    );
    const child = startChild('connections/clients.mjs');
    children.push(child);
    await child.ask('open', { server: at, accounts });
    return child;
  };
  try {
    const talkers = await open('talker', options.connections * 2);
    const empty = await memory();
    for (let opened = 0; opened < idle; opened += devicesPerChild) {
      const more = Math.min(devicesPerChild, idle - opened);
      await open(`idle-${opened}-`, Math.ceil(more / devicesPerUser), Math.min(more, devicesPerUser));
      console.log(`  ${Math.min(idle, opened + devicesPerChild)} idle devices`);
    }
    await sleep(settleMs);
    const full = await memory();
    const idleCpu = await coresOf(server, settleMs);
    const among = await measureTraffic(server, talkers, generator, options);
    for (const child of children) await child.ask('check');
    for (const child of children) if (child !== talkers) await child.stop();
    await sleep(settleMs);
    const alone = await measureTraffic(server, talkers, generator, options);
    console.log(report({ idle, empty, full, idleCpu, alone, among }));
  } finally {
    for (const child of children) await child.stop();
    await server.stop();
    await store.remove();
  }
}

/**
 * @param {Recalld} server @param {Child} talkers @param {Child} generator
 * @param {import('../options.mjs').Options} options
 */
async function measureTraffic({ target, pids }, talkers, generator, options) {
  const { warm: warmSeconds, seconds, connections, rounds } = options;
  const times = await talkers.ask('latencies', { times: latencySamples });
  const latencies = times.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
  const talks = /** @type {{ arrived: number, rest: number }[]} */ ([]);
  for (let round = 0; round < rounds; round += 1) {
    const { arrived } = await talkers.ask('talk', { warmSeconds, seconds });
    const load = { target, connections, operation: 'send', warmSeconds, seconds };
    const { sample } = await generator.ask('run', { ...load, serverPids: pids, helperPids: [] });
    if (sample.wrong > 0) throw new Error(`${sample.wrong} wrong answers: ${sample.wrongAnswer}`);
    talks.push({ arrived, rest: sample.perSecond });
  }
  return {
    p50: latencies[Math.floor(latencySamples / 2)],
    p99: latencies[Math.floor(latencySamples * 0.99)],
    talks,
  };
}

/** @typedef {Awaited<ReturnType<typeof measureTraffic>>} Traffic */

/**
 * @param {{ idle: number, empty: NodeJS.MemoryUsage, full: NodeJS.MemoryUsage, idleCpu: number, alone: Traffic, among: Traffic }} found
 */
function report({ idle, empty, full, idleCpu, alone, among }) {
  const mib = (/** @type {number} */ bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  /** @param {keyof NodeJS.MemoryUsage} kind */
  const each = (kind) => ((full[kind] - empty[kind]) / idle / 1024).toFixed(1);
  /** @param {string} label @param {Traffic} traffic */
  const line = (label, { p50, p99, talks }) => {
    const [sockets, rest] = [talks.map(({ arrived }) => arrived), talks.map((talk) => talk.rest)];
    const ratios = talks.map((talk) => talk.arrived / talk.rest).sort((a, b) => a - b);
    return [
      label,
      `${p50?.toFixed(1)} / ${p99?.toFixed(1)}`,
      range(sockets),
      range(rest),
      `${ratios[0]?.toFixed(2)}-${ratios.at(-1)?.toFixed(2)}`,
    ];
  };
  return [
    `memory    ${mib(empty.rss)} resident without idle devices, ${mib(full.rss)} with ${idle}: ${each('rss')} KiB each,` +
      ` ${each('heapUsed')} of them on the heap, ${each('external')} beside it`,
    `cpu       ${idleCpu.toFixed(3)} cores while they are idle`,
    '',
    table([
      [
        'idle devices',
        'ms to arrive, p50 / p99',
        'messages/s arrived by sockets',
        'sends/s by REST',
        'ratio by round',
      ],
      line(String(idle), among),
      line('none', alone),
    ]),
  ].join('\n');
}

/** @param {readonly number[]} rates */
function range(rates) {
  return `${count(Math.min(...rates))}-${count(Math.max(...rates))}`;
}

/**
 * Users, and tokens that the app itself vouches for.
 *
 * @param {string} url @param {Recalld['target']} target @param {string} name @param {number} wanted
 * @returns {Promise<{ user: string, token: string }[]>}
 */
async function makeAccounts(url, { path, token }, name, wanted) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const make = async (/** @type {string} */ user) => {
    const grant = { grant_type: 'inherit', username: user, autoCreateUser: true, ttl: 0 };
    const answer = await fetch(`${url}${path}/token`, {
      method: 'POST',
      headers,
      body: JSON.stringify(grant),
    });
    if (answer.status !== 200) throw new Error(`the token of ${user} was answered ${answer.status}`);
    return { user, token: /** @type {any} */ (await answer.json()).access_token };
  };
  const accounts = [];
  for (let from = 0; from < wanted; from += tokensAtOnce) {
    const some = Array.from(
      { length: Math.min(tokensAtOnce, wanted - from) },
      (_, n) => `${name}-${from + n}`,
    );
    accounts.push(...(await Promise.all(some.map(make))));
  }
  return accounts;
}

/** @param {Recalld} server @param {number} ms */
async function coresOf({ pids: [pid = 0] }, ms) {
  const before = cpuOf(pid);
  await sleep(ms);
  return ((cpuOf(pid) - before) * 1_000) / ms;
}

/** @param {number} idle @throws when a process may not have so many files open */
function requireFiles(idle) {
  const [, limit] = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
  if (Number(limit) >= idle + otherFiles) return;
  throw new Error(`${idle} connections need ulimit -n ${idle + otherFiles} at least, and it is ${limit}`);
}
