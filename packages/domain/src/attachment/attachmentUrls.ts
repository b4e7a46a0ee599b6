import type { AttachmentId } from '../kernel/ids.js';

const chatfilePath =
  /\/([^/?#]+)\/([^/?#]+)\/chatfiles\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=$|[?#/])/i;

/**
 * The files of an app that URLs in a message point at, each once. The host does not count: a server
 * is known under many names. What points elsewhere is only text.
 */
export function attachmentsAt(
  app: { readonly org: string; readonly name: string },
  urls: readonly string[],
): readonly AttachmentId[] {
  const found = new Set<AttachmentId>();
  for (const url of urls) {
    const [, org, name, uuid] = chatfilePath.exec(url) ?? [];
    if (org === app.org && name === app.name && uuid !== undefined) found.add(uuid.toLowerCase());
  }
  return [...found];
}
