import type { Compilable } from 'kysely';
import type { EachStatement, SqlQuery } from './statements.js';

/** One query. `R` is the shape of its rows. */
export type Query<R = unknown> = SqlQuery<R> | Compilable<R>;

/** A statement for each of many rows of parameters: its rows and changes are those of all of them. */
export interface Each<R = unknown> {
  readonly statement: EachStatement<never, R>;
  readonly parameters: readonly object[];
}

export type Request<R = unknown> = Query<R> | Each<R>;

/** What one request came to; that of a list has one answer for each request, in order. */
export interface Answer {
  readonly rows: readonly unknown[];
  readonly changes: number;
  readonly answers?: readonly Answer[];
}

/**
 * Work on a database as a value: it hands out one request after the other, or a list of them that do
 * not depend on each other, and is handed what they came to. Whoever runs it decides how: SQLite in
 * one synchronous stretch, PostgreSQL over the network. It must not wait for anything else, and it may
 * be run again from its start.
 */
export type Steps<T> = Generator<Request | readonly Request[], T, Answer>;

/** A statement with the rows of parameters that it runs for. */
export function each<P extends object, R>(statement: EachStatement<P, R>, parameters: readonly P[]): Each<R> {
  return { statement: statement, parameters };
}

export function isEach(request: Request): request is Each {
  return 'statement' in request;
}

/** One request, with its rows typed. */
export function* rows<R>(request: Request<R>): Steps<readonly R[]> {
  return (yield request).rows as readonly R[];
}

/** One request, with how many rows it changed. */
export function* changes(request: Request): Steps<number> {
  return (yield request).changes;
}

type RowsOf<T> = { readonly [I in keyof T]: T[I] extends Request<infer R> ? readonly R[] : never };

/** Requests that do not depend on each other, with the rows of each typed. */
export function* together<T extends readonly Request[]>(...requests: T): Steps<RowsOf<T>> {
  const { answers = [] } = yield requests;
  return answers.map((answer) => answer.rows) as unknown as RowsOf<T>;
}

const nothing: Answer = { rows: [], changes: 0 };

/** Runs steps in one synchronous stretch. */
export function drive<T>(steps: Steps<T>, answer: (request: Request) => Answer): T {
  let step = steps.next(nothing);
  while (step.done !== true) {
    const asked = step.value;
    step = steps.next(isList(asked) ? { ...nothing, answers: asked.map(answer) } : answer(asked));
  }
  return step.value;
}

/** Runs steps one after the other; those of a list are under way at the same time. */
export async function driveAsync<T>(
  steps: Steps<T>,
  answer: (request: Request) => Promise<Answer>,
): Promise<T> {
  let step = steps.next(nothing);
  while (step.done !== true) {
    const asked = step.value;
    step = steps.next(
      isList(asked) ? { ...nothing, answers: await Promise.all(asked.map(answer)) } : await answer(asked),
    );
  }
  return step.value;
}

function isList(asked: Request | readonly Request[]): asked is readonly Request[] {
  return Array.isArray(asked);
}
