import type { Position } from '@recalld/domain';
import type { EngineKind } from '../migrations/ddl.js';
import type { Reads } from '../engines/database.js';
import type { BytesCensus } from './bytesCensus.js';
import type { Finding } from './finding.js';

/** One thing to look at in a whole store, in pieces; answers how many rows were looked at. */
export interface Check {
  readonly name: string;
  run(deps: CheckDeps): AsyncGenerator<Finding, number>;
}

export interface CheckDeps {
  readonly reads: Reads;
  readonly kind: EngineKind;
  /** How far the log is complete, and is looked at. */
  readonly horizon: Position;
  readonly bytes: BytesCensus;
  readonly now: number;
  /** Ends everything between two pieces. */
  readonly stop: AbortSignal;
  /** Lets what is under way end before a suspect is looked at again. */
  pause(): Promise<void>;
}

/** What a look at one piece came to; `next`: where the next one begins. */
export interface Piece<P> {
  readonly findings: readonly Finding[];
  readonly looked: number;
  readonly next: P | undefined;
}

/**
 * Looks at one piece after the other, each on a state of the database of its own: none of them is held for
 * long. A piece with suspects is looked at again; what is found both times is wrong, the rest was under way.
 */
export async function* walk<P>(
  { pause, stop }: Pick<CheckDeps, 'pause' | 'stop'>,
  first: P,
  look: (from: P) => Promise<Piece<P>>,
): AsyncGenerator<Finding, number> {
  let looked = 0;
  let from: P | undefined = first;
  while (from !== undefined) {
    stop.throwIfAborted();
    let piece: Piece<P> = await look(from);
    if (piece.findings.length > 0) {
      const before = new Set(piece.findings.map(textOf));
      await pause();
      piece = await look(from);
      yield* piece.findings.filter((finding) => before.has(textOf(finding)));
    }
    looked += piece.looked;
    from = piece.next;
  }
  return looked;
}

const textOf = (finding: Finding): string => JSON.stringify(finding);

/** Rows of one piece. */
export const pieceRows = 1_000;
