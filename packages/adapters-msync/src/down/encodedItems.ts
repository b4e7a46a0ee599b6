import type { App, ContentReader, Item, ItemId, MessageCodec } from '@recalld/domain';
import type { FaultLog } from '../faultLog.js';

export interface EncodedItemsDeps {
  readonly contents: ContentReader;
  readonly codec: MessageCodec;
  readonly faults: FaultLog;
  /** Bytes of encoded items that are kept. */
  readonly bytesMax: number;
}

/**
 * Items as devices read them. One in a group or room is read and encoded once for all members that
 * are about to get it; it is forgotten right after, so that what is recalled stays nowhere.
 */
export interface EncodedItems {
  /** In the items' order; undefined for a message without its body by now, and for one that cannot be encoded. */
  of(app: App, items: readonly Item[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Forgets what was not asked for since the last call. */
  age(): void;
}

type Encoded = Promise<Uint8Array | undefined>;

export function createEncodedItems({ contents, codec, faults, bytesMax }: EncodedItemsDeps): EncodedItems {
  let young = new Map<string, Encoded>();
  let old = new Map<string, Encoded>();
  let bytes = 0;

  function age(): void {
    old = young;
    young = new Map();
    bytes = 0;
  }

  function remembered(name: string): Encoded | undefined {
    const known = young.get(name) ?? old.get(name);
    if (known !== undefined) young.set(name, known);
    return known;
  }

  function remember(name: string, encoded: Encoded): void {
    young.set(name, encoded);
    encoded.then(
      (meta) => {
        bytes += meta?.length ?? 0;
        if (bytes > bytesMax) age();
      },
      () => young.delete(name),
    );
  }

  function encode(app: App, item: Item, content: Parameters<MessageCodec['encode']>[2]) {
    if (item.kind === 'message' && content === undefined) return undefined;
    try {
      return codec.encode(app, item, content);
    } catch (fault) {
      faults.tell(fault, 'an item could not be encoded for devices');
      return undefined;
    }
  }

  return {
    async of(app, items) {
      const known = items.map((item) => (isShared(item) ? remembered(nameOf(item)) : undefined));
      const missing = items.filter((_, index) => known[index] === undefined);
      const read = missing.length === 0 ? nothing : contents.read(app.no, idsOf(missing));
      return Promise.all(
        items.map(async (item, index) => {
          if (known[index] !== undefined) return known[index];
          const encoded = read.then((found) => encode(app, item, found.get(item.itemId)));
          if (isShared(item)) remember(nameOf(item), encoded);
          return encoded;
        }),
      );
    },
    age,
  };
}

const nothing: ReturnType<ContentReader['read']> = Promise.resolve(new Map());

function idsOf(items: readonly Item[]): readonly ItemId[] {
  return items.map(({ itemId }) => itemId);
}

function isShared(item: Item): boolean {
  return 'chat' in item && item.chat.kind !== 'chat';
}

function nameOf({ app, itemId }: Item): string {
  return `${app}/${itemId}`;
}
