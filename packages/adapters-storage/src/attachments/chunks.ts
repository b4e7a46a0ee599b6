/** One piece of a file. */
export interface Chunk {
  /** 0, 1, 2, ... */
  readonly n: number;
  readonly last: boolean;
  readonly bytes: Uint8Array;
}

/** Small enough for memory, large enough for few rows. */
export const chunkBytes = 256 * 1024;

/** Cuts a stream into pieces of the same size, but for the last; an empty one has one empty piece. */
export async function* chunksOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Chunk, void> {
  let n = 0;
  let gathered = 0;
  let pieces: Uint8Array[] = [];
  for await (const bytes of stream) {
    let rest = bytes;
    while (rest.byteLength > 0) {
      // Not before more has come: only then is a full piece known not to be the last.
      if (gathered === chunkBytes) {
        yield { n, last: false, bytes: Buffer.concat(pieces) };
        n += 1;
        gathered = 0;
        pieces = [];
      }
      const taken = rest.subarray(0, chunkBytes - gathered);
      // A stream may fill its buffer again.
      pieces.push(Buffer.from(taken));
      gathered += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
    }
  }
  yield { n, last: true, bytes: Buffer.concat(pieces) };
}
