import { assert } from '@recalld/domain';
import type { Database } from '../engines/database.js';
import { each, rows } from '../steps.js';
import { createLabelNumbers, erasedLabel } from './labels.js';
import type { Labels } from './labels.js';

/** Labels as they came; erased in place, as a plain body is. */
export function createPlainLabels(database: Database): Labels {
  const { db, statements } = database;
  const labelNumbers = createLabelNumbers(database);
  const empty = statements.change<{ labelNo: number }>({ labelNo: 'whole' })(({ labelNo }, start) =>
    start
      .update('attachment_labels')
      .set({ file_name: null, content_type: null })
      .where('label_no', '=', labelNo),
  );
  return {
    *add(_, { fileName: file_name, contentType: content_type }) {
      const label = db.insertInto('attachment_labels').values({ file_name, content_type });
      const [named] = yield* rows(label.returning('label_no'));
      assert(named !== undefined, 'an inserted row answers its number');
      return named.label_no;
    },
    *find(_, labelNo) {
      const [label] = yield* rows(
        db.selectFrom('attachment_labels').selectAll().where('label_no', '=', labelNo),
      );
      if (label === undefined) return erasedLabel;
      return { fileName: label.file_name ?? '', contentType: label.content_type ?? '' };
    },
    *erase(names) {
      const numbers = yield* labelNumbers(names);
      yield each(
        empty,
        numbers.map((labelNo) => ({ labelNo })),
      );
    },
  };
}
