import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSecretKeys, loadSecretKeys } from './secretKey.js';

describe('the secret keys', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'recalld-keys-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  const database = { kind: 'sqlite', path: 'unused' } as const;
  function load(secretKey?: string, previousSecretKey?: string) {
    return loadSecretKeys({ dataDir, database, secretKey, previousSecretKey });
  }
  const file = () => path.join(dataDir, 'secret.key');

  it('given none, then one is made for its owner alone, and found again', () => {
    const made = load();
    expect(made).toEqual({
      present: expect.stringMatching(/^[\w-]{43}$/),
      previous: [],
      replaced: undefined,
    });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(load()).toEqual(made);
  });

  it('given one in the environment and none kept, then none is made', () => {
    expect(load('k'.repeat(32))).toEqual({ present: 'k'.repeat(32), previous: [], replaced: undefined });
    expect(() => readFileSync(file())).toThrow('ENOENT');
  });

  it('given one in the environment over a kept one, then the kept one is a previous one', () => {
    const kept = load().present;
    expect(load('k'.repeat(32), 'p'.repeat(32))).toEqual({
      present: 'k'.repeat(32),
      previous: [kept, 'p'.repeat(32)],
      replaced: { file: file(), key: kept },
    });
  });

  it('given the kept key in the environment too, then nothing was replaced', () => {
    const kept = load().present;
    expect(load(kept, kept)).toEqual({ present: kept, previous: [], replaced: undefined });
  });

  it('given a previous one alone, then a new key is made to replace it', () => {
    const keys = load(undefined, 'p'.repeat(32));
    expect(keys.previous).toEqual(['p'.repeat(32)]);
    expect(readFileSync(file(), 'utf8').trim()).toBe(keys.present);
  });

  it('given somebody who only reads, then no key is made, and the variable is named', () => {
    const find = () =>
      findSecretKeys({ dataDir, database, secretKey: undefined, previousSecretKey: undefined });
    expect(find).toThrow(/^RECALLD_SECRET_KEY is not set, and there is no ".*secret\.key"/);
    expect(() => readFileSync(file())).toThrow('ENOENT');
    writeFileSync(file(), 'a kept key\n');
    expect(find().present).toBe('a kept key');
  });

  describe('with PostgreSQL', () => {
    const shared = (secretKey?: string, previousSecretKey?: string) =>
      loadSecretKeys({
        dataDir,
        database: { kind: 'postgres', url: 'postgres://h/db' },
        secretKey,
        previousSecretKey,
      });

    it('given none in the environment, then the variable is named, and none is made', () => {
      expect(() => shared()).toThrow(
        /^RECALLD_SECRET_KEY is not set; with a postgres:\/\/ database it takes/,
      );
      expect(() => readFileSync(file())).toThrow('ENOENT');
    });

    it('given a kept one, then it counts for nothing', () => {
      load();
      const key = 'k'.repeat(32);
      expect(shared(key, 'p'.repeat(32))).toEqual({
        present: key,
        previous: ['p'.repeat(32)],
        replaced: undefined,
      });
      expect(shared(key, key).previous).toEqual([]);
    });
  });
});
