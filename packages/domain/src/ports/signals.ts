/** What somebody may want to look at now. Hints only: they may be lost, and nothing relies on them. */
export type Topic = 'deliveriesDue' | 'attachmentsCondemned';

export interface Signals {
  announce(topics: readonly Topic[]): void;
  /** Answers the function that ends the listening. */
  listen(hear: (topic: Topic) => void): () => void;
}
