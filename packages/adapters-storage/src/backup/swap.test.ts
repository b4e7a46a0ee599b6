import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirInUse, lockFolder } from '../engines/ownerLock.js';
import { temporaryFolder } from '../testing/folders.js';
import { decide, finishRestore } from './swap.js';

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
  store('.', 'old');
  writeFileSync(at('recalld.sqlite-wal'), 'old');
  store('restoring', 'new');
});

afterEach(() => folder.remove());

const at = (...names: readonly string[]) => path.join(folder.dir, ...names);
const places = (databasePath = at('recalld.sqlite')) => ({ dataDir: folder.dir, databasePath });
const whose = (...names: readonly string[]) => readFileSync(at(...names), 'utf8');
const names = (...of: readonly string[]) => readdirSync(at(...of)).sort();

function store(dir: string, text: string): void {
  mkdirSync(at(dir, 'attachments'), { recursive: true });
  for (const name of ['recalld.sqlite', 'secret.key', `attachments/of-${text}`])
    writeFileSync(at(dir, name), text);
}

function expectNew(): void {
  expect([whose('recalld.sqlite'), whose('secret.key'), names('attachments')]).toEqual([
    'new',
    'new',
    ['of-new'],
  ]);
  expect(existsSync(at('recalld.sqlite-wal'))).toBe(false);
}

describe('a restore that was cut off', () => {
  it('given that it had not decided, then the store is the old one, and what was filled is gone', async () => {
    expect(await finishRestore(places())).toBe('thrownAway');
    expect([whose('recalld.sqlite'), whose('recalld.sqlite-wal'), whose('secret.key')]).toEqual([
      'old',
      'old',
      'old',
    ]);
    expect(names()).toEqual([
      'attachments',
      'owner.lock',
      'recalld.sqlite',
      'recalld.sqlite-wal',
      'secret.key',
    ]);
    expect(await finishRestore(places())).toBeUndefined();
  });

  it.each([
    ['nothing was moved', () => undefined],
    ['the old log was removed', () => rmSync(at('recalld.sqlite-wal'))],
    [
      'the database was moved',
      () => {
        rmSync(at('recalld.sqlite-wal'));
        renameSync(at('restored', 'recalld.sqlite'), at('recalld.sqlite'));
      },
    ],
    [
      'only the key is left',
      () => {
        rmSync(at('recalld.sqlite-wal'));
        rmSync(at('attachments'), { recursive: true });
        for (const name of ['recalld.sqlite', 'attachments']) renameSync(at('restored', name), at(name));
      },
    ],
  ])('given that it had decided and %s, then the store is the new one, whole', async (_, moved) => {
    await decide(places(), { keepIn: null });
    moved();
    expect(await finishRestore(places())).toBe('restored');
    expectNew();
    expect(names()).toEqual(['attachments', 'owner.lock', 'recalld.sqlite', 'secret.key']);
  });

  it('given that the replaced store is kept, then all of it is in its folder, also after a second go', async () => {
    await decide(places(), { keepIn: 'replaced' });
    mkdirSync(at('replaced'));
    renameSync(at('recalld.sqlite-wal'), at('replaced', 'recalld.sqlite-wal'));
    expect(await finishRestore(places())).toBe('restored');
    expectNew();
    expect(names('replaced')).toEqual(['attachments', 'recalld.sqlite', 'recalld.sqlite-wal', 'secret.key']);
    expect(names('replaced', 'attachments')).toEqual(['of-old']);
  });

  it('given a database in another folder, then it is replaced there', async () => {
    mkdirSync(at('elsewhere'));
    cpSync(at('recalld.sqlite'), at('elsewhere', 'db'));
    await decide(places(), { keepIn: null });
    expect(await finishRestore(places(at('elsewhere', 'db')))).toBe('restored');
    expect([whose('elsewhere', 'db'), whose('recalld.sqlite')]).toEqual(['new', 'old']);
  });

  it('given a process that has the folder, then nothing is touched', async () => {
    const unlock = lockFolder(folder.dir);
    await expect(finishRestore(places())).rejects.toThrow(DataDirInUse);
    unlock();
    expect(names('restoring')).toEqual(['attachments', 'recalld.sqlite', 'secret.key']);
  });
});
