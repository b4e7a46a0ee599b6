// @ts-check

/** What happens next, by time: a binary heap. @template T */
export class Events {
  /** @type {{ at: number, what: T }[]} */
  #heap = [];

  /** @param {number} at @param {T} what */
  add(at, what) {
    const heap = this.#heap;
    let place = heap.push({ at, what }) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (this.#at(above) <= at) break;
      this.#swap(place, above);
      place = above;
    }
  }

  /** Takes the next one. */
  next() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      const least = this.#at(right) < this.#at(left) ? right : left;
      if (this.#at(least) >= last.at) return first;
      this.#swap(place, least);
      place = least;
    }
  }

  /** @param {number} place */
  #at(place) {
    return this.#heap[place]?.at ?? Infinity;
  }

  /** @param {number} a @param {number} b */
  #swap(a, b) {
    const heap = this.#heap;
    const one = heap[a];
    const other = heap[b];
    if (one === undefined || other === undefined) return;
    heap[a] = other;
    heap[b] = one;
  }
}
