import { assert } from '@recalld/domain';
import { decrypt, encrypt } from '../bodies/contentSeal.js';
import type { ContentSeal } from '../bodies/contentSeal.js';
import { deletingAttachmentKeys } from '../bodies/erasedKeys.js';
import type { Database } from '../engines/database.js';
import { rows } from '../steps.js';
import { createLabelNumbers, erasedLabel } from './labels.js';
import type { AttachmentName, Labels } from './labels.js';

const keyId = (labelNo: number): string => `label/${labelNo}`;
const placeOf = ({ app, attachment }: AttachmentName): string => `label/${app}/${attachment}`;

/** The parts of a label, by the number that each is encrypted with. */
const parts = { fileName: 0, contentType: 1 } as const;

/** Labels as ciphertext, each under a key of its own, which goes when the label is erased. */
export function createSealedLabels(database: Database, seal: ContentSeal): Labels {
  const { db } = database;
  const labelNumbers = createLabelNumbers(database);
  return {
    *add(name, { fileName, contentType }) {
      const { key, wrapped } = seal.newKey();
      const sealed = (part: keyof typeof parts, text: string) =>
        Buffer.from(encrypt(key, parts[part], Buffer.from(text), placeOf(name))).toString('base64');
      const label = db.insertInto('attachment_labels').values({
        file_name: sealed('fileName', fileName),
        content_type: sealed('contentType', contentType),
      });
      const [named] = yield* rows(label.returning('label_no'));
      assert(named !== undefined, 'an inserted row answers its number');
      yield db.insertInto('attachment_keys').values({ key_id: keyId(named.label_no), wrapped });
      return named.label_no;
    },
    *find(name, labelNo) {
      const [found] = yield* rows(
        db
          .selectFrom('attachment_labels')
          .innerJoin('attachment_keys', (join) => join.on('key_id', '=', keyId(labelNo)))
          .select(['file_name', 'content_type', 'wrapped'])
          .where('label_no', '=', labelNo),
      );
      if (found === undefined) return erasedLabel;
      const key = seal.unwrap(found.wrapped);
      const opened = (part: keyof typeof parts, text: string | null) =>
        Buffer.from(decrypt(key, parts[part], Buffer.from(text ?? '', 'base64'), placeOf(name))).toString();
      return {
        fileName: opened('fileName', found.file_name),
        contentType: opened('contentType', found.content_type),
      };
    },
    *erase(names) {
      const numbers = yield* labelNumbers(names);
      if (numbers.length === 0) return;
      yield deletingAttachmentKeys(numbers.map(keyId));
      yield db
        .updateTable('attachment_labels')
        .set({ file_name: null, content_type: null })
        .where('label_no', 'in', numbers);
    },
  };
}
