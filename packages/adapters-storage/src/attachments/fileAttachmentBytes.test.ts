import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/folders.js';
import { createFileAttachmentBytes } from './fileAttachmentBytes.js';

const id = '3f2c1c1e-0d7a-4a9b-9a55-1d0c5f6b7a80';
let folder: ReturnType<typeof temporaryFolder>;
let dir: string;

beforeEach(() => {
  folder = temporaryFolder();
  dir = path.join(folder.dir, 'attachments');
});

afterEach(() => folder.remove());

async function* chunks(...texts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('attachment files', () => {
  it.each(['../secret', 'a/../../b', '', 'x', `${id}/..`, `${id}\n`, '%2e%2e'])(
    'are named by uuids alone: %j is refused by every call',
    async (bad) => {
      writeFileSync(path.join(folder.dir, 'secret'), 'mine');
      const files = createFileAttachmentBytes(dir);
      await expect(files.put(bad, chunks('x'), 10)).rejects.toThrow('uuid');
      await expect(files.open(bad)).rejects.toThrow('uuid');
      await expect(files.destroy(bad)).rejects.toThrow('uuid');
      expect(existsSync(path.join(folder.dir, 'secret'))).toBe(true);
    },
  );

  it('stay in their folder while they are written, under another name', async () => {
    const files = createFileAttachmentBytes(dir);
    let during: readonly string[] = [];
    async function* watched(): AsyncIterable<Uint8Array> {
      yield Buffer.from('first');
      during = readdirSync(dir);
      yield Buffer.from('second');
    }
    await files.put(id, watched(), 100);
    expect(during).toHaveLength(1);
    expect(during[0]).toMatch(/\.part$/);
    expect(readdirSync(dir)).toEqual([id]);
  });

  it('leave nothing of an upload that broke off', async () => {
    const files = createFileAttachmentBytes(dir);
    async function* broken(): AsyncIterable<Uint8Array> {
      yield Buffer.from('half');
      throw new Error('connection lost');
    }
    await expect(files.put(id, broken(), 100)).rejects.toThrow('connection lost');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('of uploads that a crash cut off are removed at the start, and no others', async () => {
    mkdirSync(dir);
    writeFileSync(path.join(dir, `${id}.0b9c.part`), 'half');
    writeFileSync(path.join(dir, id), 'whole');
    createFileAttachmentBytes(dir);
    expect(readdirSync(dir)).toEqual([id]);
  });
});
