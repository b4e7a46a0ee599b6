import type { IdSource, StoragePorts } from '@recalld/domain';

/** A whole store, whatever its engine. */
export type Storage = StoragePorts & {
  readonly ids: IdSource;
  /** @throws when storage does not answer. */
  health(): Promise<void>;
  /** Resolves when nothing of what was recalled so far can be read from any file; otherwise that takes its stated time. */
  erasuresDone(): Promise<void>;
  /** The last thing that is done to a storage: everything that uses it must have ended. */
  close(): Promise<void>;
};
