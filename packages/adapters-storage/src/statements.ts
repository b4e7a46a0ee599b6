import type { Compilable } from 'kysely';

/** SQL text with its parameters. `R` is the shape of the rows that it answers. */
export interface SqlQuery<R = unknown> {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly rowShape?: R;
}

/** A query that Kysely compiled once, to be run often with other parameters. */
export interface Template<P, R> {
  readonly sql: string;
  /** In the order of the SQL text: names of parameters, or values that are part of the query. */
  readonly slots: readonly (Slot<P> | Constant)[];
  readonly rowShape?: R;
}

/** The place of a named parameter. */
export class Slot<P> {
  constructor(readonly name: keyof P) {}
}

interface Constant {
  readonly value: unknown;
}

/** What a template's query takes for a parameter while it is built: its slot, typed as its value. */
function slots<P extends object>(): P {
  const proxy: object = new Proxy({}, { get: (_, name) => new Slot<P>(name as keyof P) });
  return proxy as P;
}

/**
 * Compiles a query once. Kysely writes SQL in about 10 µs: too slow for what runs once per message.
 * `build` must use every parameter as a plain value.
 */
export function template<P extends object>() {
  return <R>(build: (parameters: P) => Compilable<R>): Template<P, R> => {
    const { sql, parameters } = build(slots<P>()).compile();
    const bound = parameters.map((parameter) =>
      parameter instanceof Slot ? (parameter as Slot<P>) : { value: parameter },
    );
    return { sql, slots: bound };
  };
}

/** The parameters of a template in the order of its SQL text. */
export function bind<P, R>(template: Template<P, R>, parameters: P): unknown[] {
  return template.slots.map((slot) => (slot instanceof Slot ? parameters[slot.name] : slot.value));
}

/** A template with its parameters, as one query. */
export function fill<P, R>(template: Template<P, R>, parameters: P): SqlQuery<R> {
  return { sql: template.sql, parameters: bind(template, parameters) };
}
