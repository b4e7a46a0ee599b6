import type { Deletions } from '@recalld/domain';
import type { ConversationsTable } from './schema.js';

/** What a conversation's row says of it. None of it ever goes back. */
export type Watermarks = Omit<ConversationsTable, 'app_no' | 'user' | 'timeline'>;

export const noWatermarks: Watermarks = {
  list_through: 0,
  roam_through: 0,
  roam_sent_through: 0,
  roam_sent_seq: 0,
  read_through: 0,
};

export const watermarkColumns = Object.keys(noWatermarks) as readonly (keyof Watermarks)[];

/** The higher one of each. */
export function raised(a: Watermarks, b: Watermarks = noWatermarks): Watermarks {
  const higher = { ...noWatermarks };
  for (const column of watermarkColumns) higher[column] = Math.max(a[column], b[column]);
  return higher;
}

export function sameWatermarks(a: Watermarks, b: Watermarks): boolean {
  return watermarkColumns.every((column) => a[column] === b[column]);
}

/** The columns of which {@link deletionsOf} tells. */
export const deletionColumns = [
  'list_through',
  'roam_through',
  'roam_sent_through',
  'roam_sent_seq',
] as const;

/** What a user has deleted of a timeline, but for single messages: queries leave these out themselves. */
export function deletionsOf(
  marks: Pick<Watermarks, (typeof deletionColumns)[number]> = noWatermarks,
): Deletions {
  return {
    listThrough: marks.list_through,
    roamThrough: marks.roam_through,
    roamSentThrough: marks.roam_sent_through,
    roamSentSeq: marks.roam_sent_seq,
    deletedSeqs: noneDeleted,
  };
}

const noneDeleted: ReadonlySet<number> = new Set();
