/** What somebody may want to look at now. Hints only: they may be lost, and nothing relies on them. */
export type Topic =
  | 'deliveriesDue'
  | 'attachmentsCondemned'
  /** A rule was suspended or resumed, and its owner is to be told. */
  | 'ruleHealthChanged'
  | 'redeliveriesStarted'
  | 'rebuildStarted'
  /** Events that the event feed publishes. */
  | 'eventsRecorded'
  /** Events that connected devices and streams are to hear of. */
  | 'liveNews';

export interface Signals {
  announce(topics: readonly Topic[]): void;
  /** Answers the function that ends the listening. */
  listen(hear: (topic: Topic) => void): () => void;
}
