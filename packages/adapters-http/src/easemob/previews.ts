import type { App, ContentDecoder, ConversationView, JsonObject, StoredContent } from '@recalld/domain';
import { easemobBodies, storedBodies } from './contents.js';
import type { EasemobContent } from './contents.js';
import { channelJid, userJid } from './jids.js';

/** A message as lists show it, in the fields that the SDKs read (msync). */
export interface Preview {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly timestamp: number;
  /** JSON text of `{bodies, ext, from, to, type}`: the SDKs parse it by themselves. */
  readonly payload: string;
}

/** How custom fields are written: the SDKs read them as a map in one list, as a list of maps in the other. */
export type CustomFields = 'map' | 'list';

/** The newest message of a conversation; `{}` when the user may see none. */
export function previewOf(
  app: App,
  { lastMessage }: ConversationView,
  contents: ReadonlyMap<string, StoredContent>,
  decoder: ContentDecoder,
  customFields: CustomFields,
): Preview | Record<string, never> {
  const stored = lastMessage && contents.get(lastMessage.itemId);
  if (lastMessage === undefined || stored === undefined) return {};
  const { itemId, author, chat, sentAt } = lastMessage;
  const type = chat.kind === 'chat' ? 'chat' : 'groupchat';
  const { bodies, ext } = contentOf(stored, decoder);
  const shown = customFields === 'map' ? bodies : bodies.map(withListedFields);
  return {
    id: itemId,
    from: userJid(app, author),
    to: channelJid(app, type, chat.id),
    timestamp: sentAt,
    payload: JSON.stringify({ bodies: shown, ext, from: author, to: chat.id, type }),
  };
}

/** This contract's own bodies are shown with every field that they came with, others as far as they are understood. */
export function contentOf(stored: StoredContent, decoder: ContentDecoder): EasemobContent {
  const own = stored.format === 'easemob' ? storedBodies(stored.payload) : undefined;
  return own ?? easemobBodies(decoder.decode(stored));
}

function withListedFields(body: JsonObject): JsonObject {
  const { customExts } = body;
  if (body['type'] !== 'custom' || typeof customExts !== 'object' || Array.isArray(customExts)) return body;
  return { ...body, customExts: Object.entries(customExts ?? {}).map(([key, value]) => ({ [key]: value })) };
}
