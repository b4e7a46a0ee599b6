import { keyId } from '../attachments/databaseAttachmentBytes.js';
import { deletingAttachmentKeys } from '../bodies/erasedKeys.js';
import { runAll } from './session.js';
import type { Session } from './session.js';

/** An attachment is named a moment after its bytes are stored. */
const unclaimedMaxMs = 3_600_000;
const batchFiles = 100;

/** Without one of these, no recall reaches the bytes. */
const isClaimed = `exists (
  select from apps p join attachments a on a.app_no = p.app_no and a.attachment = u.attachment)`;

/**
 * Removes the bytes of uploads whose request died before an attachment named them: after an hour none
 * will any more. Answers whether there is more to do now.
 */
export function removeUnclaimed(session: Session): Promise<boolean> {
  return session.transaction(async () => {
    const old = await session.run<{ attachment: string; claimed: boolean }>(
      `select u.attachment, ${isClaimed} as claimed from attachment_uploads u
       where u.stored_at < extract(epoch from clock_timestamp()) * 1000 - $1
       order by u.stored_at limit ${batchFiles} for update of u`,
      [unclaimedMaxMs],
    );
    const unclaimed = old.filter(({ claimed }) => !claimed).map(({ attachment }) => attachment);
    await runAll(session, [
      deletingAttachmentKeys(unclaimed.map(keyId)),
      { sql: 'delete from attachment_chunks where attachment = any($1::text[])', parameters: [unclaimed] },
      {
        sql: 'delete from attachment_uploads where attachment = any($1::text[])',
        parameters: [old.map(({ attachment }) => attachment)],
      },
    ]);
    return old.length === batchFiles;
  });
}
