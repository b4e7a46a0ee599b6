import { expired, isReadable } from '../../attachment/attachment.js';
import { AttachmentTooLarge } from '../../ports/attachments.js';
import type { AttachmentBytes, Attachments } from '../../ports/attachments.js';
import { keyOf } from './state.js';
import type { MemoryState } from './state.js';

export function createMemoryAttachments(state: MemoryState): Attachments {
  const oldestFirst = () =>
    [...state.attachments.values()]
      .map(({ attachment }) => attachment)
      .sort((a, b) => a.uploadedAt - b.uploadedAt);
  return {
    add: async (attachment) => {
      state.attachments.set(keyOf(attachment.app, attachment.id), { attachment, refs: new Map() });
    },
    find: async (app, id) => state.attachments.get(keyOf(app, id))?.attachment,
    condemned: async (limit) =>
      oldestFirst()
        .flatMap(({ app, id, state: at, condemnedBy }) =>
          at === 'condemned' && condemnedBy !== null ? { app, id, condemnedBy } : [],
        )
        .slice(0, limit),
    expirable: async (before, limit) =>
      oldestFirst()
        .filter((attachment) => attachment.uploadedAt < before && isReadable(attachment))
        .slice(0, limit)
        .map(({ app, id }) => ({ app, id })),
    markExpired: async (keys) => {
      for (const { app, id } of keys) {
        const row = state.attachments.get(keyOf(app, id));
        if (row !== undefined && isReadable(row.attachment)) {
          row.attachment = expired(row.attachment);
        }
      }
    },
  };
}

/** The bytes of uploaded files, in memory. */
export function createMemoryAttachmentBytes(): AttachmentBytes {
  const files = new Map<string, readonly Uint8Array[]>();
  return {
    put: async (id, bytes, bytesMax) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of bytes) {
        size += chunk.byteLength;
        if (size > bytesMax) throw new AttachmentTooLarge(`the file has more than ${bytesMax} bytes`);
        chunks.push(chunk.slice());
      }
      files.set(id, chunks);
      return size;
    },
    open: async (id) => {
      const chunks = files.get(id);
      return chunks && stream(chunks);
    },
    destroy: async (id) => {
      files.delete(id);
    },
  };
}

async function* stream(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield chunk.slice();
}
