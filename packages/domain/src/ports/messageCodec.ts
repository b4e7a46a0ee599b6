import type { StoredContent } from '../message/content.js';
import type { MessageContent } from '../message/messageContent.js';
import type { Item } from '../timeline/item.js';
import type { App } from './apps.js';

/** How devices read items: what REST roaming answers and the official SDKs decode. */
export interface MessageCodec {
  /** `content`: the item's body; undefined for a notice that has none. */
  encode(app: App, item: Item, content: StoredContent | undefined): Uint8Array;
}

/** Reads a stored body, whichever format it is in. */
export interface ContentDecoder {
  /** What is no content of its format is `unknown`; never throws for what was stored. */
  decode(content: StoredContent): MessageContent;
}
