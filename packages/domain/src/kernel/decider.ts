/** What a decision answers: the events to append, or the closed code that says why not. */
export type Verdict<E, R extends string> =
  { readonly ok: true; readonly events: readonly E[] } | { readonly ok: false; readonly code: R };

/** The decision stands; no events means that the state already is what the command asks for. */
export function accept<E>(...events: readonly E[]): { readonly ok: true; readonly events: readonly E[] } {
  return { ok: true, events };
}

/** The decision is "no", with the reason as a closed code. Refusals are values, never exceptions. */
export function refuse<R extends string>(code: R): { readonly ok: false; readonly code: R } {
  return { ok: false, code };
}

/**
 * The whole vocabulary of a decision: a pure function from a command, the folded state of one
 * stream and the facts around it to a verdict. Time and new ids arrive inside the command.
 */
export interface Decider<C, S, F, E, R extends string> {
  readonly initial: S;
  evolve(state: S, event: E): S;
  decide(command: C, state: S, facts: F): Verdict<E, R>;
}
