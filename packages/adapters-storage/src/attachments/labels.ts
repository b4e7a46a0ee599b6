import type { AppNo, Attachment, AttachmentId } from '@recalld/domain';
import type { EraseLabels } from '../commands/references.js';
import type { Database } from '../engines/database.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';

/** What a file was called, and what it is: content, as a body is. Both are empty once they are erased. */
export type Label = Pick<Attachment, 'fileName' | 'contentType'>;

export interface AttachmentName {
  readonly app: AppNo;
  readonly attachment: AttachmentId;
}

/** How the names and types of uploaded files lie in a store. */
export interface Labels {
  /** Answers the number that the attachment's row names it by. */
  add(name: AttachmentName, label: Label): Steps<number>;
  find(name: AttachmentName, labelNo: number): Steps<Label>;
  readonly erase: EraseLabels;
}

export const erasedLabel: Label = { fileName: '', contentType: '' };

/** The numbers of the labels of attachments. */
export function createLabelNumbers({ db, statements }: Database) {
  const select = statements.select<AttachmentName>({ app: 'whole', attachment: 'text' })(
    ({ app, attachment }) =>
      db
        .selectFrom('attachments')
        .select('label_no')
        .where('app_no', '=', app)
        .where('attachment', '=', attachment),
  );
  return function* labelNumbers(names: readonly AttachmentName[]): Steps<readonly number[]> {
    return (yield* rows(each(select, names))).map((row) => row.label_no);
  };
}
