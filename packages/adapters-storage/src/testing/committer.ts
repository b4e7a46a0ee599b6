import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import { openSqliteStorage } from '../sqliteStorage.js';
import { loopOn, recalling, sending } from './commands.js';

// Run as a process of its own on a data folder: commits messages, numbered from a first one on, and
// their recalls for ever, and prints the number of each message once its recall is acknowledged.

const [dataDir = '', first = '1'] = process.argv.slice(2);
const storage = await openSqliteStorage({ dataDir, clock: createFixedClock(sampleInstant) });
const loop = loopOn(storage.commands);
process.stdout.write('open\n');

async function commitForEver(from: number, step: number): Promise<void> {
  for (let n = from; ; n += step) {
    await loop.submit([sending(n)]);
    const [outcome] = await loop.submit([recalling(n)]);
    if (outcome?.ok === true) process.stdout.write(`${n}\n`);
  }
}

const writers = 8;
await Promise.all(Array.from({ length: writers }, (_, n) => commitForEver(Number(first) + n, writers)));
