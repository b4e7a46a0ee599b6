import { describe, expect, it } from 'vitest';
import { migrate } from './migrate.js';
import { runCli } from './run.js';

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli({ migrate }, ['migrate', ...args], env, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    interrupted: new AbortController().signal,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('recalld migrate', () => {
  it('given SQLite, then it says that a start does it', async () => {
    expect(await run([])).toEqual({
      code: 0,
      out: 'migrate: nothing to do: with SQLite the start of the server brings the schema forward',
      err: '',
    });
  });

  it('given an argument, then the usage is told', async () => {
    expect(await run(['--now'])).toMatchObject({
      code: 64,
      err: expect.stringContaining('usage: recalld migrate'),
    });
  });

  it('given a wrong URL, then the variable is named, without its password', async () => {
    const { code, err } = await run([], { RECALLD_DATABASE_URL: 'postgres://u:hunter2@h' });
    expect(code).toBe(78);
    expect(err).toMatch(/^recalld: RECALLD_DATABASE_URL holds "postgres:\/\/u:\*\*\*@h"; it takes .*$/);
  });
});
