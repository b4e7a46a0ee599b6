import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import type { Query } from '../steps.js';
import type { Ddl } from './ddl.js';

/** One step of the schema. What is in a release never changes: a correction is the next step. */
export interface Migration {
  /** 1, 2, 3, ... without gaps. */
  readonly version: number;
  readonly name: string;
  /** The statements, in order. All of them run in one transaction with the step's own record. */
  readonly up: (db: Kysely<Schema>, ddl: Ddl) => readonly Query[];
}
