// @ts-check

/** @typedef {Record<keyof typeof defaults, number>} Figures */

/** Times in microseconds of one core unless they say otherwise. Measured ones come from docs/scale.md. */
export const defaults = {
  'messages-per-day': { value: 1e9, what: 'messages' },
  'peak-factor': { value: 3, what: 'busiest second against the mean of the day' },
  'recall-share': { value: 0.005, what: 'recalls for each message' },
  'deliveries-per-recall': { value: 1, what: 'callback rules that want a recall' },
  nodes: { value: 24, what: 'servers' },
  databases: { value: 4, what: 'PostgreSQL primaries, each with a share of the apps' },
  'database-cores': { value: 16, what: 'cores of one primary' },
  'node-message-us': { value: 125, what: 'CPU of a node for each message' },
  'node-batch-us': { value: 2_100, what: 'CPU of a node for each batch' },
  'node-recall-us': { value: 85, what: 'CPU of a node for each recall' },
  'node-delivery-us': { value: 350, what: 'CPU of a node for each delivery' },
  'database-message-us': { value: 45, what: 'CPU of PostgreSQL for each message' },
  'database-batch-us': { value: 1_900, what: 'CPU of PostgreSQL for each batch' },
  'database-recall-us': { value: 60, what: 'CPU of PostgreSQL for each recall' },
  'database-delivery-us': { value: 100, what: 'CPU of PostgreSQL for each delivery' },
  'message-wal-bytes': { value: 2_150, what: 'write-ahead log of one message' },
  'recall-wal-bytes': { value: 40_000, what: 'write-ahead log of one recall, whole pages included' },
  'message-bytes': { value: 1_290, what: 'tables and indexes of one message' },
  'key-bytes': { value: 125, what: 'of them in the key table of the day' },
  'rewrite-us': { value: 1.3, what: 'writing a key table anew, for each of its keys' },
  'rewrite-seconds': { value: 240, what: 'between two rewritings of the key table of a day with recalls' },
  'round-trip-us': { value: 500, what: 'network between node and database, there and back' },
  'round-trips': { value: 5, what: 'flights of one batch' },
  'fsync-us': { value: 1_000, what: 'flush of the write-ahead log' },
  'wal-bytes-per-second': { value: 300e6, what: 'what the disk of the write-ahead log takes' },
  'batch-max': { value: 256, what: 'commands of one batch at most' },
  'away-seconds': { value: 60, what: 'how long a node, or a database, is away' },
  connections: {
    value: 0,
    what: 'instead of a day: so many clients that ask again as soon as they are answered',
  },
  'machine-cores': { value: 2, what: 'of the one machine that runs all of it, with --connections' },
  seconds: { value: 20, what: 'simulated seconds of the busiest time' },
};
