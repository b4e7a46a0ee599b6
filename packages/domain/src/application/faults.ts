/** The loop has as much work waiting as it may hold; nothing was done, try again later. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

/** The streams of a unit kept moving under it; nothing was done, try again later. */
export class Contended extends Error {
  override readonly name = 'Contended';
}
