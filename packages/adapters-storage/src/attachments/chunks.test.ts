import { describe, expect, it } from 'vitest';
import { chunkBytes, chunksOf } from './chunks.js';

async function cut(...sizes: readonly number[]): Promise<readonly (readonly [number, boolean, number])[]> {
  async function* stream() {
    for (const size of sizes) yield new Uint8Array(size);
  }
  const chunks: (readonly [number, boolean, number])[] = [];
  for await (const { n, last, bytes } of chunksOf(stream())) chunks.push([n, last, bytes.byteLength]);
  return chunks;
}

describe('the pieces of a file', () => {
  it('given nothing, then there is one empty piece', async () => {
    expect(await cut()).toEqual([[0, true, 0]]);
    expect(await cut(0, 0)).toEqual([[0, true, 0]]);
  });

  it('given as much as one piece has, then it is the last', async () => {
    expect(await cut(chunkBytes)).toEqual([[0, true, chunkBytes]]);
    expect(await cut(chunkBytes - 1, 1, 0)).toEqual([[0, true, chunkBytes]]);
  });

  it('given more, then all but the last have one size', async () => {
    expect(await cut(1, 2 * chunkBytes)).toEqual([
      [0, false, chunkBytes],
      [1, false, chunkBytes],
      [2, true, 1],
    ]);
  });

  it('given a buffer that is filled again, then pieces keep what they had', async () => {
    const buffer = new Uint8Array(2);
    async function* stream() {
      for (const byte of [1, 2]) yield buffer.fill(byte);
    }
    const found: number[] = [];
    for await (const { bytes } of chunksOf(stream())) found.push(...bytes);
    expect(found).toEqual([1, 1, 2, 2]);
  });
});
