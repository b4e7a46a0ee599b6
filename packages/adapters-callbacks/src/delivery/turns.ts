/**
 * Look-ups at a time. Each holds one of Node's threads for as long as a name server hangs, and of
 * four threads look-ups get two, so that files and passwords always have the others: a third one
 * would wait further down all the same.
 */
const underwayMax = 2;
/** Of these, look-ups of names that may hang. */
const doubtfulMax = 1;

/** One look-up's turn. */
export interface Turn {
  /** Resolves when the look-up may begin. */
  readonly begun: Promise<void>;
  waits(): boolean;
  /** What is known by now: whether the name is quick, or may hang. */
  judge(isQuick: boolean): void;
  /** The look-up is over. */
  end(): void;
}

interface Entry {
  isQuick: boolean;
  isUnderway: boolean;
  readonly begin: () => void;
}

/** Lets look-ups begin in the order in which they come; those of quick names pass those that may hang. */
export class Turns {
  /** All that wait or are under way, oldest first. */
  readonly #entries = new Set<Entry>();

  ask(isQuick: boolean): Turn {
    let begin = () => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const entry: Entry = { isQuick, isUnderway: false, begin };
    this.#entries.add(entry);
    this.#beginMore();
    return {
      begun,
      waits: () => !entry.isUnderway,
      judge: (judged) => {
        entry.isQuick = judged;
        this.#beginMore();
      },
      end: () => {
        this.#entries.delete(entry);
        this.#beginMore();
      },
    };
  }

  #beginMore(): void {
    const entries = [...this.#entries];
    const underway = entries.filter(({ isUnderway }) => isUnderway);
    let free = underwayMax - underway.length;
    let doubtful = doubtfulMax - underway.filter(({ isQuick }) => !isQuick).length;
    for (const entry of entries) {
      if (free === 0) return;
      if (entry.isUnderway || (!entry.isQuick && doubtful < 1)) continue;
      entry.isUnderway = true;
      entry.begin();
      free -= 1;
      if (!entry.isQuick) doubtful -= 1;
    }
  }
}
