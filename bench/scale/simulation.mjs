// @ts-check
import { count, table } from '../report/tables.mjs';
import { dayCurve } from './day.mjs';
import { simulateDeployment } from './deployment.mjs';

/** @typedef {import('./figures.mjs').Figures} Figures */
/** @typedef {import('./deployment.mjs').Outcome} Outcome */

/** Seconds after an outage in which it is looked at whether answers are quick again. */
const afterwards = 120;

/**
 * One of the deployments through its day: all have the same share. @param {Figures} figures
 */
export function simulateDay(figures) {
  const nodes = Math.floor(figures.nodes / figures.databases);
  const curve = dayCurve(figures).map((rate) => rate / figures.databases);
  const peak = Math.max(...curve);
  const { seconds } = figures;
  const steady = (/** @type {number} */ perSecond, /** @type {number} */ count) =>
    simulateDeployment(figures, { nodes: count, perSecond, seconds });
  const quiet = steady(Math.min(...curve), nodes);
  const mean = steady(curve.reduce((sum, rate) => sum + rate, 0) / curve.length, nodes);
  const busiest = steady(peak, nodes);
  const back = simulateDeployment(figures, {
    nodes,
    perSecond: peak,
    waiting: peak * figures['away-seconds'],
    seconds: afterwards,
  });
  return [
    table([
      headOf(`one of ${figures.databases} deployments: ${nodes} nodes`),
      lineOf('the quietest hour', quiet),
      lineOf('the mean', mean),
      lineOf('the busiest hour', busiest),
      ...(nodes > 1 ? [lineOf('the busiest hour, a node away', steady(peak, nodes - 1))] : []),
    ]),
    `A database that was away for ${figures['away-seconds']} s in the busiest hour finds ${count(peak * figures['away-seconds'])}` +
      ` commands that its clients send again: answers take less than 100 ms ${
        back.calmAfter < afterwards - 1
          ? `${back.calmAfter.toFixed(0)} s later`
          : `not within ${afterwards} s`
      }.`,
  ].join('\n\n');
}

/** What a benchmark on one machine should find, to be held against it. @param {Figures} figures */
export function simulateMachine(figures) {
  const { nodes, connections, seconds, 'machine-cores': sharedCores } = figures;
  const load = { nodes, connections, sharedCores, seconds, perSecond: 0 };
  return table([
    headOf(`${connections} clients, ${sharedCores} cores`),
    lineOf(`${nodes} nodes`, simulateDeployment(figures, load)),
  ]);
}

/** @param {string} what */
function headOf(what) {
  return [what, 'commands/s', 'p50 ms', 'p99 ms', 'a node’s core', 'database cores', 'commands a batch'];
}

/** @param {string} name @param {Outcome} outcome */
function lineOf(name, { perSecond, p50, p99, nodeCpu, databaseCpu, batch }) {
  return [
    name,
    count(perSecond),
    p50.toFixed(1),
    p99.toFixed(1),
    nodeCpu.toFixed(2),
    databaseCpu.toFixed(2),
    batch.toFixed(1),
  ];
}
