import type { RecordedEvent, NewEvent, StampedEvent } from '../events.js';
import type { AppNo, MsgId } from '../kernel/ids.js';
import type { StreamId } from '../kernel/stream.js';
import type { RetryKey } from '../message/sendMessage.js';
import type { LoadedFacts } from '../ports/commandStore.js';

/** How one kind of stream is folded. */
export interface Fold<S> {
  readonly initial: S;
  evolve(state: S, event: StampedEvent): S;
}

interface Stream {
  readonly version: number;
  readonly events: readonly StampedEvent[];
  /** Folded so far; undefined until somebody asks. */
  readonly state: unknown;
}

const emptyStream: Stream = { version: 0, events: [], state: undefined };

/**
 * What one batch knows of one app: what was loaded, plus what the batch has decided so far, so that
 * a later command sees what an earlier one did. `keep` and `forget` end a unit's part in it.
 */
export class WorkingSet {
  readonly app: AppNo;
  readonly #facts: LoadedFacts;
  readonly #streams = new Map<StreamId, Stream>();
  /** Streams that the unit in hand changed, as they were before. */
  readonly #before = new Map<StreamId, Stream>();
  /** What the batch sends under keys, and which of these the unit in hand added. */
  readonly #sent = new Map<RetryKey, MsgId>();
  readonly #sentByUnit = new Set<RetryKey>();
  /** Streams with a message that no commit has given its MsgSeq yet. */
  readonly #unstamped = new Set<StreamId>();

  constructor(facts: LoadedFacts) {
    this.app = facts.app;
    this.#facts = facts;
  }

  get facts(): Omit<LoadedFacts, 'streams'> {
    return this.#facts;
  }

  version(stream: StreamId): number {
    return this.#stream(stream).version;
  }

  state<S>(stream: StreamId, fold: Fold<S>): S {
    const known = this.#stream(stream);
    if (known.state !== undefined) return known.state as S;
    const state = known.events.reduce((folded, event) => fold.evolve(folded, event), fold.initial);
    this.#streams.set(stream, { ...known, state });
    return state;
  }

  /** What the log has of a stream, without what the batch has decided. */
  recorded(stream: StreamId): readonly RecordedEvent[] {
    return this.#facts.streams.get(stream) ?? [];
  }

  append(stream: StreamId, events: readonly NewEvent[]): void {
    const known = this.#stream(stream);
    if (!this.#before.has(stream)) this.#before.set(stream, known);
    this.#streams.set(stream, {
      version: known.version + events.length,
      events: [...known.events, ...events],
      state: undefined,
    });
  }

  /** What was sent under a key before, in this batch or in an earlier one. */
  sentUnder(key: RetryKey): MsgId | undefined {
    return this.#sent.get(key) ?? this.#facts.retried.get(key);
  }

  send(key: RetryKey, msgId: MsgId): void {
    this.#sent.set(key, msgId);
    this.#sentByUnit.add(key);
  }

  /** Whether decisions on this stream must wait for the batch's commit: its message has no MsgSeq yet. */
  awaitsStamps(stream: StreamId): boolean {
    return this.#unstamped.has(stream);
  }

  /** The unit in hand stands. */
  keep(): void {
    for (const stream of this.#before.keys()) {
      const unstamped = this.#stream(stream).events.some(isUnstampedMessage);
      if (unstamped) this.#unstamped.add(stream);
    }
    this.#before.clear();
    this.#sentByUnit.clear();
  }

  /** The unit in hand never was. */
  forget(): void {
    for (const key of this.#sentByUnit) this.#sent.delete(key);
    this.#sentByUnit.clear();
    for (const [stream, before] of this.#before) this.#streams.set(stream, before);
    this.#before.clear();
  }

  #stream(stream: StreamId): Stream {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const loaded = this.#facts.streams.get(stream);
    return loaded === undefined ? emptyStream : fromLog(loaded);
  }
}

function fromLog(events: readonly RecordedEvent[]): Stream {
  return { version: events.at(-1)?.version ?? 0, events, state: undefined };
}

function isUnstampedMessage(event: StampedEvent): boolean {
  return event.type === 'MessageSent' && event.messageSeq === undefined;
}
