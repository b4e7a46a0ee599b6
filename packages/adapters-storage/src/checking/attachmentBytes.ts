import type { AttachmentId } from '@recalld/domain';
import { rows } from '../steps.js';
import { pieceRows, walk } from './check.js';
import type { Check, Piece } from './check.js';
import type { Finding } from './finding.js';

/** Bytes that nothing is known of: nobody can download them, and no recall reaches them. */
export const attachmentBytes: Check = {
  name: 'attachment bytes',
  run: (deps) =>
    walk(deps, '', async (after: AttachmentId): Promise<Piece<AttachmentId>> => {
      const ids = await deps.bytes.next(after, pieceRows);
      const known = await deps.reads.read(() =>
        rows(
          deps.reads.db
            .selectFrom('attachments')
            .select('attachment')
            .where((e) => e(e.fn<string>('lower', ['attachment']), 'in', ids.length === 0 ? [''] : [...ids])),
        ),
      );
      const rowsThere = new Set(known.map(({ attachment }) => attachment.toLowerCase()));
      const findings = ids
        .filter((id) => !rowsThere.has(id))
        .map((attachment): Finding => ({ kind: 'attachmentBytesLeft', app: null, about: { attachment } }));
      return { findings, looked: ids.length, next: ids.length < pieceRows ? undefined : ids.at(-1) };
    }),
};
