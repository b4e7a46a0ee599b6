import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assert } from '../../kernel/assert.js';
import { AttachmentTooLarge } from '../../ports/attachments.js';
import type { AttachmentBytes } from '../../ports/attachments.js';

export interface AttachmentBytesHarness {
  make(): Promise<{ readonly bytes: AttachmentBytes; close(): Promise<void> }>;
}

const id = '3f2c1c1e-0d7a-4a9b-9a55-1d0c5f6b7a80';
const other = 'b0a7c1d2-93c4-4f08-8a65-0c1f2e3d4c5b';

async function* stream(...chunks: readonly number[][]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield Uint8Array.from(chunk);
}

async function read(bytes: AttachmentBytes, of = id): Promise<readonly number[] | undefined> {
  const opened = await bytes.open(of);
  if (opened === undefined) return undefined;
  const all: number[] = [];
  for await (const chunk of opened) all.push(...chunk);
  return all;
}

/** Files whole or not at all, and gone when they are destroyed. */
export function describeAttachmentBytes(name: string, harness: AttachmentBytesHarness): void {
  describe(`AttachmentBytes: ${name}`, () => {
    let made: Awaited<ReturnType<AttachmentBytesHarness['make']>> | undefined;
    const store = () => {
      assert(made !== undefined, 'a store is there while a test runs');
      return made.bytes;
    };
    beforeEach(async () => {
      made = await harness.make();
    });
    afterEach(async () => {
      await made?.close();
    });

    it('gives a file back as it came, and answers its size', async () => {
      expect(await store().put(id, stream([0, 1, 2], [], [253, 254, 255]), 100)).toBe(6);
      expect(await store().put(other, stream([7]), 100)).toBe(1);

      expect(await read(store())).toEqual([0, 1, 2, 253, 254, 255]);
      expect(await read(store())).toEqual([0, 1, 2, 253, 254, 255]);
      expect(await read(store(), other)).toEqual([7]);
    });

    it('stores an empty file, which is not the same as none', async () => {
      expect(await store().put(id, stream(), 100)).toBe(0);

      expect(await read(store())).toEqual([]);
      expect(await read(store(), other)).toBeUndefined();
    });

    it('stores a large file', async () => {
      const chunk = Array.from({ length: 65_536 }, (_, n) => n % 251);
      const chunks = Array.from({ length: 20 }, () => chunk);

      expect(await store().put(id, stream(...chunks), 20 * 65_536)).toBe(20 * 65_536);

      const opened = await store().open(id);
      let size = 0;
      let sum = 0;
      for await (const part of opened ?? []) {
        size += part.byteLength;
        sum += part.reduce((total, byte) => total + byte, 0);
      }
      expect([size, sum]).toEqual([20 * 65_536, 20 * chunk.reduce((total, byte) => total + byte, 0)]);
    });

    it('takes a file of exactly as many bytes as it may have, and stores nothing of a larger one', async () => {
      expect(await store().put(id, stream([1, 2], [3]), 3)).toBe(3);

      await expect(store().put(other, stream([1, 2], [3, 4]), 3)).rejects.toThrow(AttachmentTooLarge);

      expect(await read(store())).toEqual([1, 2, 3]);
      expect(await read(store(), other)).toBeUndefined();
    });

    it('stores nothing of an upload that broke off', async () => {
      async function* broken(): AsyncIterable<Uint8Array> {
        yield Uint8Array.from([1, 2, 3]);
        throw new Error('the connection is gone');
      }

      await expect(store().put(id, broken(), 100)).rejects.toThrow('the connection is gone');

      expect(await read(store())).toBeUndefined();
    });

    it('destroys a file, as often as it is asked to', async () => {
      await store().put(id, stream([1, 2, 3]), 100);
      await store().put(other, stream([4]), 100);

      await store().destroy(id);
      await store().destroy(id);

      expect(await read(store())).toBeUndefined();
      expect(await read(store(), other)).toEqual([4]);
    });

    it('destroys a file that never was without a fault', async () => {
      await expect(store().destroy(id)).resolves.toBeUndefined();
    });
  });
}
