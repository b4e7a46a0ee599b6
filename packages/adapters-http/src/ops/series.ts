type LabelValue = string | number;

class Branch<T> {
  readonly #below = new Map<LabelValue, Branch<T>>();
  kept: T | undefined;

  below(value: LabelValue): Branch<T> {
    let branch = this.#below.get(value);
    if (branch === undefined) {
      branch = new Branch<T>();
      this.#below.set(value, branch);
    }
    return branch;
  }
}

/**
 * What is kept for each list of label values. prom-client joins the labels of every count to one
 * string, a microsecond each time; here values lead to their series one after the other.
 */
export class Series<T> {
  readonly all: { readonly values: readonly LabelValue[]; readonly kept: T }[] = [];
  readonly #root = new Branch<T>();
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  at(...values: readonly LabelValue[]): T {
    let branch = this.#root;
    for (const value of values) branch = branch.below(value);
    if (branch.kept !== undefined) return branch.kept;
    const kept = this.#make();
    this.all.push({ values, kept });
    branch.kept = kept;
    return kept;
  }
}
