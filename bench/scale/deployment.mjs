// @ts-check
import { Events } from './events.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */

/**
 * @typedef {object} Load
 * @property {number} nodes
 * @property {number} perSecond commands that come in, at random; not looked at when `connections` is
 * @property {number} [connections] instead: so many clients that ask again as soon as they are answered
 * @property {number} [waiting] commands that are there from the start, within the first second
 * @property {number} [sharedCores] everything runs on one machine that has so many
 * @property {number} seconds
 */

/**
 * @typedef {object} Outcome
 * @property {number} perSecond answered
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} nodeCpu share of its core that a node used
 * @property {number} databaseCpu cores that PostgreSQL used
 * @property {number} batch commands of a batch, mean
 * @property {number} calmAfter seconds until answers took less than 100 ms for good
 */

/** @typedef {{ came: number, recall: boolean }} Command */
/** @typedef {{ free: number, queue: Command[], busy: boolean, used: number }} Node */

const calmMs = 100;

/**
 * One PostgreSQL and its nodes. A node has one core and one batch under way; what comes meanwhile is the next
 * batch. A commit waits for the flush of the log that begins next, which it shares with all that came before.
 *
 * @param {Figures} figures
 * @param {Load} load
 * @returns {Outcome}
 */
export function simulateDeployment(figures, load) {
  /** @type {Events<() => void>} */
  const events = new Events();
  const random = lehmer(11);
  const end = load.seconds * 1e6;
  const cores = new Array(load.sharedCores ?? figures['database-cores']).fill(0);
  /** @type {Node[]} */
  const nodes = Array.from({ length: load.nodes }, () => ({ free: 0, queue: [], busy: false, used: 0 }));
  /** @type {number[]} */
  const latencies = [];
  const totals = { database: 0, batches: 0, commands: 0, lastSlow: 0 };
  let flushing = false;
  /** @type {{ bytes: number, done: () => void }[]} */
  let commits = [];
  let now = 0;

  /** Runs on the core that is free first. @param {number} at @param {number} took @returns {number} its end */
  function onCore(at, took) {
    const core = cores.indexOf(Math.min(...cores));
    return (cores[core] = Math.max(cores[core], at) + took);
  }

  /** @param {Node} node @param {number} took */
  function onNode(node, took) {
    node.used += took;
    const at = Math.max(node.free, now);
    node.free = load.sharedCores === undefined ? at + took : onCore(at, took);
    return node.free;
  }

  /** @param {Node} node */
  function arrive(node) {
    const command = { came: now, recall: random() < figures['recall-share'] };
    const took = figures[command.recall ? 'node-recall-us' : 'node-message-us'];
    events.add(onNode(node, took), () => {
      node.queue.push(command);
      start(node);
    });
  }

  /** @param {Node} node */
  function start(node) {
    if (node.busy || node.queue.length === 0) return;
    node.busy = true;
    const batch = node.queue.splice(0, figures['batch-max']);
    const recalls = batch.filter(({ recall }) => recall).length;
    const messages = batch.length - recalls;
    const sent = onNode(node, figures['node-batch-us']);
    const took =
      figures['database-batch-us'] +
      messages * figures['database-message-us'] +
      recalls * figures['database-recall-us'];
    const bytes = messages * figures['message-wal-bytes'] + recalls * figures['recall-wal-bytes'];
    totals.database += took;
    events.add(sent, () => {
      const away = figures['round-trips'] * figures['round-trip-us'];
      events.add(onCore(now, took) + away, () => {
        commits.push({ bytes, done: () => finish(node, batch, recalls) });
        flush();
      });
    });
  }

  function flush() {
    if (flushing || commits.length === 0) return;
    flushing = true;
    const together = commits;
    commits = [];
    const bytes = together.reduce((sum, commit) => sum + commit.bytes, 0);
    events.add(now + figures['fsync-us'] + (bytes * 1e6) / figures['wal-bytes-per-second'], () => {
      flushing = false;
      for (const { done } of together) done();
      flush();
    });
  }

  /** @param {Node} node @param {readonly Command[]} batch @param {number} recalls */
  function finish(node, batch, recalls) {
    node.busy = false;
    totals.batches += 1;
    totals.commands += batch.length;
    for (const { came } of batch) {
      const ms = (now - came) / 1000;
      latencies.push(ms);
      if (ms > calmMs) totals.lastSlow = now;
      if (load.connections !== undefined) arrive(node);
    }
    const deliveries = recalls * figures['deliveries-per-recall'];
    if (deliveries > 0) {
      onNode(node, deliveries * figures['node-delivery-us']);
      const took = deliveries * figures['database-delivery-us'];
      totals.database += took;
      onCore(now, took);
    }
    start(node);
  }

  /** @param {number} at @param {() => void} what */
  const plan = (at, what) => events.add(at, what);
  const someNode = () => /** @type {Node} */ (nodes[Math.floor(random() * nodes.length)]);
  for (let n = 0; n < (load.connections ?? 0); n += 1) {
    const node = /** @type {Node} */ (nodes[n % nodes.length]);
    plan(0, () => arrive(node));
  }
  for (let n = 0; n < (load.waiting ?? 0); n += 1) plan(random() * 1e6, () => arrive(someNode()));
  const comes = () => {
    arrive(someNode());
    plan(now - (Math.log(1 - random()) * 1e6) / load.perSecond, comes);
  };
  if (load.connections === undefined) plan(0, comes);

  for (let event = events.next(); event !== undefined && event.at < end; event = events.next()) {
    now = event.at;
    event.what();
  }
  const sorted = Float64Array.from(latencies).sort();
  return {
    perSecond: totals.commands / load.seconds,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? NaN,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
    nodeCpu: nodes.reduce((sum, { used }) => sum + used, 0) / nodes.length / end,
    databaseCpu: totals.database / end,
    batch: totals.commands / totals.batches,
    calmAfter: totals.lastSlow / 1e6,
  };
}

/** Numbers from 0 to 1, the same for the same seed. @param {number} seed */
function lehmer(seed) {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
