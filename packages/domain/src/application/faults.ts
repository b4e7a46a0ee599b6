/** The loop has as much work waiting as it may hold; nothing was done, try again later. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

/** The streams of a unit kept moving under it; nothing was done, try again later. */
export class Contended extends Error {
  override readonly name = 'Contended';
}

/**
 * Storage cannot be reached, or did not answer in time: what was asked for was not done, or it is not
 * known whether. Try again later, and look first.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
