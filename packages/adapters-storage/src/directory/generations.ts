import { randomInt } from 'node:crypto';
import { assert } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { each, rows } from '../steps.js';
import type { Each, Request, Steps } from '../steps.js';

/** Numbers that are others after each change of the apps or the rules: what is remembered under one is current. */
export interface Generations {
  readonly apps: number;
  readonly rules: number;
}

const generationMax = 2 ** 48 - 1;

/** Reads and raises the generations: with the rows that they are about, in the same transaction. */
export class GenerationCounter {
  readonly #current;
  readonly #db;

  constructor({ db, statements }: Reads) {
    this.#db = db;
    this.#current = statements.select<object>({})(() =>
      db.selectFrom('generations').select(['apps', 'rules']),
    );
  }

  ask(): Each<Generations> {
    return each(this.#current, [{}]);
  }

  read([found]: readonly Generations[]): Generations {
    assert(found !== undefined, 'the generations have a row');
    return found;
  }

  *now(): Steps<Generations> {
    return this.read(yield* rows(this.ask()));
  }

  /** Any number that was never there: one that was rolled back does not come again. */
  raised(of: keyof Generations): Request {
    return this.#db.updateTable('generations').set({ [of]: randomInt(generationMax) });
  }
}
