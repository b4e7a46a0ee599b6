import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from './command.js';
import { readRestoreLine } from './restoreOptions.js';

describe('the line of restore', () => {
  it.each([
    [['b'], { folder: 'b', recallsFrom: undefined, keepReplaced: false }],
    [['b', '--keep-replaced'], { keepReplaced: true }],
    [['--recalls-from', 'none'], { folder: undefined, recallsFrom: { kind: 'nobody' } }],
    [['--recalls-from', 'sqlite:x'], { recallsFrom: { kind: 'sqlite', path: path.resolve('x') } }],
    [
      ['--recalls-from', 'old'],
      { recallsFrom: { kind: 'sqlite', path: path.resolve('old/recalld.sqlite') } },
    ],
    [['--recalls-from', 'postgres://u@h/d'], { recallsFrom: { kind: 'postgres', url: 'postgres://u@h/d' } }],
    [['--recalls-from', 'nats://h'], { recallsFrom: { kind: 'nats', url: 'nats://h' } }],
  ])('given %j, then it says what it means', (args, line) => {
    expect(readRestoreLine(args)).toMatchObject(line);
  });

  it.each([
    [['a', 'b'], 'one FOLDER'],
    [['a', '--force'], '--force'],
    [['--recalls-from', ''], '--recalls-from takes'],
    [['--recalls-from', 'http://h'], '--recalls-from takes'],
    [['--recalls-from', 'postgres://h'], '--recalls-from takes'],
  ])('given %j, then the line is refused', (args, message) => {
    const read = () => readRestoreLine(args);
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
  });
});
