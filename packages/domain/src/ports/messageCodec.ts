import type { StoredContent } from '../message/content.js';
import type { MessageItem } from '../timeline/item.js';
import type { App } from './apps.js';

/** How devices read a message: what REST roaming answers and the official SDKs decode. */
export interface MessageCodec {
  encode(app: App, item: MessageItem, content: StoredContent): Uint8Array;
}
