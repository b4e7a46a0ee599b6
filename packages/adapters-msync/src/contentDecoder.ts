import type { ContentDecoder, ContentFormat, MessageContent } from '@recalld/domain';

/** Reads a stored payload of one format; what is none is `unknown`. Never throws. */
export type ReadContent = (payload: Uint8Array) => MessageContent;

/** One reader for each format: no adapter knows them all. */
export function createContentDecoder(readers: Readonly<Record<ContentFormat, ReadContent>>): ContentDecoder {
  return { decode: ({ format, payload }) => readers[format](payload) };
}
