import { draftsBefore } from '../attachments/drafts.js';
import { databaseNowText } from '../engines/databaseNow.js';
import type { Session } from './session.js';

const draftMaxMs = 3_600_000;
const batchRows = 100;

/** Removes what is left of uploads that broke off with their node. Answers whether there is more to do now. */
export async function removeDrafts(session: Session): Promise<boolean> {
  const [row] = await session.run<{ before: string }>(`select ${databaseNowText} - $1 as before`, [
    draftMaxMs,
  ]);
  const removed = await session.run(
    `delete from attachment_chunks where (attachment, n) in (
       select attachment, n from attachment_chunks where attachment > $1 and attachment < $2 limit ${batchRows})
     returning n`,
    draftsBefore(Number(row?.before ?? 0)),
  );
  return removed.length === batchRows;
}
