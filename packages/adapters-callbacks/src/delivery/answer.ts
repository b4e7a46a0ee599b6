/** The first bytes of a receiver's answer, kept as text. */
export class AnswerHead {
  readonly #chunks: Buffer[] = [];
  #room: number;

  constructor(bytesMax: number) {
    this.#room = bytesMax;
  }

  /** Keeps what there is room for; false when there was more than that. */
  add(chunk: Buffer): boolean {
    const kept = chunk.subarray(0, this.#room);
    this.#chunks.push(kept);
    this.#room -= kept.length;
    return kept.length === chunk.length;
  }

  /** UTF-8; broken bytes and NUL, which not every database stores as text, show as U+FFFD. */
  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8').replaceAll('\u0000', '\ufffd');
  }
}
