import { createMemoryStorage, createWorld } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { UsageError } from './command.js';
import { rangeIn, readRedriveOptions } from './redriveOptions.js';

describe('the options of redrive', () => {
  it.each([
    [['--from', '1'], { from: { kind: 'position', position: 1 }, through: null }],
    [['--from', '7', '--through', '9'], { through: { kind: 'position', position: 9 } }],
    [['--since', '2028-02-29'], { from: { kind: 'time', ms: Date.UTC(2028, 1, 29) } }],
    [['--since', '2026-03-01T08:00:00+08:00'], { from: { kind: 'time', ms: Date.UTC(2026, 2, 1) } }],
    [
      ['--since', '2026-03-01', '--until', '1772352000000'],
      { through: { kind: 'time', ms: 1_772_352_000_000 } },
    ],
    [['--from', '1'], { feeds: ['events', 'callbacks'] }],
    [['--from', '1', '--feed', 'callbacks'], { feeds: ['callbacks'] }],
  ])('given %j, then they say what they mean', (args, options) => {
    expect(readRedriveOptions(args)).toMatchObject(options);
  });

  it.each([
    [[], 'redrive takes --since TIME or --from POSITION'],
    [['--until', '2026-03-01'], 'redrive takes --since TIME or --from POSITION'],
    [['--since', '2026-03-01', '--from', '1'], '--since and --from exclude each other'],
    [['--from', '1', '--until', '2026-03-01', '--through', '2'], '--until and --through exclude each other'],
    [['--since', '2026-03-01T08:00:00'], '--since takes a time'],
    [['--since', '2026-13-01'], '--since takes a time'],
    [['--since', 'yesterday'], '--since takes a time'],
    [['--from', '0'], '--from takes a position'],
    [['--from', '-1'], '--from takes a position of the log: a number from 1 on'],
    [['--since', '-1'], '--since takes a time'],
    [['--since', '2026-02-31'], '--since takes a time'],
    [['--from', '1', '--until', '2026-04-31T00:00:00Z'], '--until takes a time'],
    [['--from', '1', '--feed', 'all'], '--feed takes events or callbacks'],
    [['--from', '1', '--force'], '--force'],
    [['--from', '1', 'more'], 'more'],
  ])('given %j, then the line is refused', (args, message) => {
    const read = () => readRedriveOptions(args);
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
  });
});

describe('the range of a redrive', () => {
  /** Positions 1 to 5, a second apart. */
  async function given() {
    const { ports, clock, send } = await createWorld(createMemoryStorage());
    for (let sent = 0; sent < 5; sent += 1) await send();
    const last = clock.now();
    return {
      range: (...args: readonly string[]) => rangeIn(ports.log, readRedriveOptions(args)),
      timeOf: (position: number) => String(last - (5 - position) * 1_000),
    };
  }

  it('given positions, then both ends are in it', async () => {
    const { range } = await given();
    expect(await range('--from', '2', '--through', '4')).toEqual({ from: 2, through: 4 });
  });

  it('given times, then the first one is in it and the second one is not', async () => {
    const { range, timeOf } = await given();
    expect(await range('--since', timeOf(2), '--until', timeOf(4))).toEqual({ from: 2, through: 3 });
  });

  it('given no end or one beyond the log, then it goes as far as the log does', async () => {
    const { range } = await given();
    expect(await range('--from', '1')).toEqual({ from: 1, through: 5 });
    expect(await range('--from', '1', '--through', '99')).toEqual({ from: 1, through: 5 });
  });

  it('given nothing in it, then there is none', async () => {
    const { range, timeOf } = await given();
    expect(await range('--from', '6')).toBeUndefined();
    expect(await range('--from', '4', '--until', timeOf(2))).toBeUndefined();
  });
});
