// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {import('../scripts/lib/server.mjs').RunningServer} RunningServer */

/** Between two strikes at a node, ms at most. */
const betweenMsMax = 2_000;
/** Now and then a node stands still for longer than its leases, ms at most. */
const pauseMsMax = 25_000;
const startAgainMs = 500;

/**
 * Several nodes, and what is done to them.
 *
 * @param {() => Promise<RunningServer>} startOne
 * @param {number} count
 */
export async function startCrowd(startOne, count) {
  /** Nodes that run and are left alone. */
  const up = new Set(await Promise.all(Array.from({ length: count }, startOne)));
  /** Exit codes of those that were asked to end. */
  const codes = /** @type {(number | null)[]} */ ([]);
  const struck = { killed: 0, paused: 0, stopped: 0 };
  const all = new Set(up);

  /** A database that is away forbids a start. */
  async function startAgain() {
    for (;;) {
      try {
        const server = await startOne();
        all.add(server);
        up.add(server);
        return;
      } catch {
        await sleep(startAgainMs);
      }
    }
  }

  /** @param {RunningServer} server */
  async function strike(server) {
    up.delete(server);
    switch (Math.floor(Math.random() * 4)) {
      case 0:
        struck.paused += 1;
        process.kill(server.pid, 'SIGSTOP');
        // Most pauses are short.
        await sleep(pauseMsMax * Math.random() ** 3);
        process.kill(server.pid, 'SIGCONT');
        up.add(server);
        return;
      case 1:
        struck.stopped += 1;
        codes.push(await server.stop());
        break;
      default:
        struck.killed += 1;
        await server.kill();
    }
    all.delete(server);
    await sleep(Math.random() * 1_000);
    await startAgain();
  }

  return {
    /** One of those that run. @throws when there is none */
    anyUrl() {
      const running = [...up];
      const server = running[Math.floor(Math.random() * running.length)];
      if (server === undefined) throw new Error('no node is up');
      return server.url;
    },

    /** Strikes at one after the other, or at several at once, and resolves when all of them run again. */
    async harass(/** @type {number} */ until) {
      const underway = [];
      while (Date.now() < until) {
        await sleep(betweenMsMax * Math.random());
        const running = [...up];
        const victim = running[Math.floor(Math.random() * running.length)];
        // Without any there would be no traffic to harm.
        if (victim !== undefined && running.length > 1) underway.push(strike(victim));
      }
      await Promise.all(underway);
      return struck;
    },

    /** Asks all of them to end; the exit codes of all that ever were. */
    async stop() {
      codes.push(...(await Promise.all([...all].map((server) => server.stop()))));
      all.clear();
      return codes;
    },

    /** Ends whatever is left. */
    async end() {
      await Promise.all([...all].map((server) => server.kill()));
    },
  };
}
