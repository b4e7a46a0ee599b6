import type { App, AttachmentId } from '@recalld/domain';

const urlFields = ['url', 'thumb'] as const;
const chatfilePath =
  /\/([^/?#]+)\/([^/?#]+)\/chatfiles\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=$|[?#/])/i;

/**
 * The files of this app that a message's body points at, each once. The host does not count: a
 * server is known under many names. What points elsewhere is only text.
 */
export function attachmentsOf(app: App, body: Readonly<Record<string, unknown>>): readonly AttachmentId[] {
  const found = new Set<AttachmentId>();
  for (const field of urlFields) {
    const url = body[field];
    const [, org, name, uuid] = (typeof url === 'string' ? chatfilePath.exec(url) : null) ?? [];
    if (org === app.org && name === app.name && uuid !== undefined) found.add(uuid.toLowerCase());
  }
  return [...found];
}
