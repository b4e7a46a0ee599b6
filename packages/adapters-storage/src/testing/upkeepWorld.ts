import type { CommandLoop, Instant, Log, MsgId, SendMessage } from '@recalld/domain';
import { createFixedClock, idAt, sendSample } from '@recalld/domain/testing';
import pg from 'pg';
import type { PostgresStorage } from '../postgresStorage.js';
import { dayAt, dayMs } from '../upkeep/partitions.js';
import { createUpkeep } from '../upkeep/upkeep.js';
import type { UpkeepOptions, UpkeepWork } from '../upkeep/upkeep.js';
import { loopOn } from './commands.js';
import { createTestDatabase } from './postgres.js';
import { openNode } from './postgresStorage.js';

/** An hour into today: partitions begin with the day on which a database was set up. */
export const start = Math.floor(Date.now() / dayMs) * dayMs + 3_600_000;
export const week = 7 * dayMs;
export const today = dayAt(start);

/** A database with one node, where messages are kept for a week, and a clock for its upkeep. */
export interface UpkeepWorld {
  readonly url: string;
  readonly storage: PostgresStorage;
  readonly client: pg.Client;
  readonly loop: CommandLoop;
  readonly clock: ReturnType<typeof createFixedClock>;
  /** What upkeep said in its log. */
  readonly said: readonly string[];
  upkeep(change?: Partial<UpkeepOptions>): UpkeepWork;
  /** Runs a chore of one upkeep until it has no more to do. */
  runner(work?: UpkeepWork): (name: string) => Promise<void>;
  send(at: Instant, change?: Partial<SendMessage>): Promise<MsgId>;
  /** The first column of what a query answers. */
  values(query: string): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

export async function openUpkeepWorld(): Promise<UpkeepWorld> {
  const { url, drop } = await createTestDatabase();
  const storage = await openNode(url, { messageRetentionMs: week });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const loop = loopOn(storage.commands);
  const clock = createFixedClock(start);
  const said: string[] = [];
  const write = (_: object, message: string) => void said.push(message);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const upkeep: UpkeepWorld['upkeep'] = (change) =>
    createUpkeep({ url, clock, log, messageRetentionMs: week, logRetentionMs: null, ...change });
  return {
    url,
    storage,
    client,
    loop,
    clock,
    said,
    upkeep,
    runner(work = upkeep()) {
      return async (name) => {
        const chore = work.chores.find((each) => each.name === name);
        if (chore === undefined) throw new Error(`there is no chore ${name}`);
        while (await chore.run());
      };
    },
    async send(at, change) {
      const command = sendSample({ msgId: idAt(at, 1), now: at, expiresAt: at + week, ...change });
      const [outcome] = await loop.submit([command]);
      if (outcome?.ok !== true) throw new Error('the message was not sent');
      return command.msgId;
    },
    async values(query) {
      const { rows } = await client.query<unknown[]>({ text: query, rowMode: 'array' });
      return rows.map(([value]) => value);
    },
    async close() {
      await client.end();
      await storage.close();
      await drop();
    },
  };
}
