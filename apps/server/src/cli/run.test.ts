import { describe, expect, it } from 'vitest';
import { ConfigError } from '../configValues.js';
import { Unavailable, UsageError } from './command.js';
import type { Command } from './command.js';
import { runCli } from './run.js';

describe('the command line', () => {
  /** A command that does what the test says. */
  async function run(line: readonly string[], work: Command['run'] = async () => 0) {
    const out: string[] = [];
    const err: string[] = [];
    const greet: Command = { summary: 'say hello', usage: 'usage: recalld greet NAME', run: work };
    const code = await runCli(
      { greet },
      line,
      { GREETING: 'hi' },
      {
        out: (text) => out.push(text),
        err: (text) => err.push(text),
        interrupted: new AbortController().signal,
      },
    );
    return { code, out: out.join('\n'), err: err.join('\n') };
  }
  const failing = (fault: Error) => run(['greet'], () => Promise.reject(fault));

  it('given a command, then it gets the rest of the line and the environment', async () => {
    const { code, out } = await run(['greet', 'Ann', '--loud'], async (args, env, terminal) => {
      terminal.out(`${env['GREETING']} ${args.join(' ')}`);
      return 3;
    });
    expect({ code, out }).toEqual({ code: 3, out: 'hi Ann --loud' });
  });

  it.each([[['--help']], [['-h']]])('given %j, then every command is listed', async (line) => {
    const { code, out } = await run(line);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}greet {2}say hello$/m);
  });

  it('given the help of one command, then it is not run', async () => {
    const { code, out } = await run(['greet', '--help'], () => Promise.reject(new Error('run')));
    expect({ code, out }).toEqual({ code: 0, out: 'usage: recalld greet NAME' });
  });

  it.each([[[]], [['dance']], [['toString']]])('given %j, then the usage is told with 64', async (line) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toMatch(/^usage: recalld COMMAND/m);
  });

  it('given a wrong line, then what is wrong stands before the usage, with 64', async () => {
    expect(await failing(new UsageError('greet takes a name'))).toMatchObject({
      code: 64,
      err: 'recalld: greet takes a name\nusage: recalld greet NAME',
    });
  });

  it('given a wrong environment or somebody who does not answer, then it is one line with its code', async () => {
    expect(await failing(new ConfigError('PORT holds "x"'))).toMatchObject({
      code: 78,
      err: 'recalld: PORT holds "x"',
    });
    expect(await failing(new Unavailable('NATS does not answer'))).toMatchObject({
      code: 69,
      err: 'recalld: NATS does not answer',
    });
  });

  it('given a fault of the product, then it shows where it came from, with 1', async () => {
    const { code, err } = await failing(new TypeError('undefined is not a name'));
    expect(code).toBe(1);
    expect(err).toMatch(/undefined is not a name\n +at /);
  });
});
