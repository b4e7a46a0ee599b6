/** One's place in the order of what a caller asked for. */
export interface Turn {
  /** Resolves when everything that was asked for before has passed. Never rejects. */
  readonly come: Promise<void>;
  /** Lets the next one come. */
  pass(): void;
}

/** Keeps the order of what each caller asks for, while every piece of it waits for something else first. */
export interface Turns<Caller extends object> {
  take(caller: Caller): Turn;
}

export function createTurns<Caller extends object>(): Turns<Caller> {
  const last = new WeakMap<Caller, Promise<void>>();
  return {
    take(caller) {
      const come = last.get(caller) ?? Promise.resolve();
      let pass: () => void = () => undefined;
      const passed = new Promise<void>((resolve) => {
        pass = resolve;
      });
      last.set(
        caller,
        come.then(() => passed),
      );
      return { come, pass: () => pass() };
    },
  };
}
