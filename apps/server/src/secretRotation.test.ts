import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createSecretBox, SealBroken } from '@recalld/adapters-security';
import { createMemoryStorage } from '@recalld/domain/testing/memory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadSecretKeys } from './secretKey.js';
import { rotateSecrets } from './secretRotation.js';

const database = { kind: 'sqlite', path: 'unused' } as const;
const newKey = 'the new key of the environment, long enough';

describe('a start under another secret key', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'recalld-rotation-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const storage = () => createMemoryStorage();

  /** What a start does before it serves; answers the box that it goes on with. */
  async function start(stored: ReturnType<typeof storage>, secretKey?: string, previousSecretKey?: string) {
    const keys = loadSecretKeys({ dataDir, database, secretKey, previousSecretKey });
    const box = createSecretBox(keys.present, keys.previous);
    await rotateSecrets({ keys, box, sealed: stored.sealedSecrets, log });
    return box;
  }

  async function given() {
    const stored = storage();
    const box = await start(stored);
    await stored.secrets.putIfAbsent('root-token', box.seal('the root token'));
    return {
      stored,
      kept: loadSecretKeys({ dataDir, database, secretKey: undefined, previousSecretKey: undefined }),
    };
  }
  const keyFile = () => path.join(dataDir, 'secret.key');

  it('given a kept key, then what it sealed is sealed anew and its file is gone', async () => {
    const { stored, kept } = await given();
    await start(stored, newKey);

    const sealed = (await stored.secrets.get('root-token')) ?? '';
    expect(createSecretBox(newKey).open(sealed)).toBe('the root token');
    expect(() => createSecretBox(kept.present).open(sealed)).toThrow(SealBroken);
    expect(existsSync(keyFile())).toBe(false);
    expect(log.info).toHaveBeenCalledWith({ resealed: 1 }, expect.any(String));
  });

  it('given a start that was cut off before the file was removed, then the next one works too', async () => {
    const { stored, kept } = await given();
    const box = createSecretBox(newKey, [kept.present]);
    await stored.sealedSecrets.replace((sealed) => box.reseal(sealed)?.sealed);

    const restarted = await start(stored, newKey);
    expect(restarted.open((await stored.secrets.get('root-token')) ?? '')).toBe('the root token');
  });

  it('given a kept key that sealed nothing here, then its file stays: it may belong to another database', async () => {
    await given();
    await start(storage(), newKey);
    expect(existsSync(keyFile())).toBe(true);
    expect(log.warn).toHaveBeenCalledWith({ file: keyFile() }, expect.any(String));
  });

  it('given secrets of another database under the previous key of the environment, then the kept one stays', async () => {
    const own = await given();
    const elsewhere = storage();
    const first = createSecretBox(newKey);
    await elsewhere.secrets.putIfAbsent('root-token', first.seal('the root token'));

    const newest = `${newKey}, the newest`;
    const box = await start(elsewhere, newest, newKey);

    expect(box.open((await elsewhere.secrets.get('root-token')) ?? '')).toBe('the root token');
    expect(loadSecretKeys({ dataDir, database, secretKey: undefined, previousSecretKey: undefined })).toEqual(
      own.kept,
    );
    expect(log.warn).toHaveBeenLastCalledWith(
      { file: keyFile() },
      expect.stringContaining('no other database'),
    );
    await start(own.stored);
  });

  it('given the previous key in the environment, then the new one alone is enough afterwards', async () => {
    const stored = storage();
    const first = await start(stored, newKey);
    await stored.secrets.putIfAbsent('root-token', first.seal('the root token'));
    const newest = `${newKey}, the newest`;
    await start(stored, newest, newKey);
    await start(stored, newest);
    await expect(start(stored, newKey)).rejects.toThrow(/another key: check RECALLD_SECRET_KEY/);
  });

  it('given a secret that no key opens, then nothing changes and the kept key stays', async () => {
    const { stored } = await given();
    await stored.secrets.putIfAbsent('foreign', createSecretBox(`foreign ${newKey}`).seal('secret'));
    const before = await stored.secrets.get('root-token');

    await expect(start(stored, newKey)).rejects.toThrow(SealBroken);
    expect(await stored.secrets.get('root-token')).toBe(before);
    expect(existsSync(keyFile())).toBe(true);
  });
});
