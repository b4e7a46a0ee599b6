import { attachmentsAt } from '@recalld/domain';
import type { App, AttachmentId } from '@recalld/domain';

const urlFields = ['url', 'thumb'] as const;

/** The files of this app that a message's body points at, each once. */
export function attachmentsOf(app: App, body: Readonly<Record<string, unknown>>): readonly AttachmentId[] {
  const urls = urlFields.map((field) => body[field]).filter((url) => typeof url === 'string');
  return attachmentsAt(app, urls);
}
