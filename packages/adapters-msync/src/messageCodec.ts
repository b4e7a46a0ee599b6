import type { ContentDecoder, MessageCodec } from '@recalld/domain';
import { encodeItem } from './content/encodeItem.js';

/** The encoding that the official SDKs read from roaming and from their queues: a whole Meta. */
export function createMessageCodec({ decoder }: { readonly decoder: ContentDecoder }): MessageCodec {
  return { encode: (app, item, content) => encodeItem(app, item, content, decoder) };
}
