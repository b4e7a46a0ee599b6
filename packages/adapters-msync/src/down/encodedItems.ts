import { setImmediate as turnOver } from 'node:timers/promises';
import { parseTimeline } from '@recalld/domain';
import type { App, ContentReader, Item, ItemId, MessageCodec } from '@recalld/domain';
import type { FaultLog } from '../faultLog.js';

export interface EncodedItemsDeps {
  readonly contents: ContentReader;
  readonly codec: MessageCodec;
  readonly faults: FaultLog;
}

/**
 * Items as devices read them. Those of a group or room are read and encoded once for all members who
 * ask in the same turn of the event loop. Nothing is kept: bodies are read after everybody asked, so
 * nobody is given one that was recalled before.
 */
export interface EncodedItems {
  /**
   * In the items' order, all of one timeline; undefined for a message without its body by now, and for one that cannot be
   * encoded. @throws what the store throws.
   */
  of(app: App, items: readonly Item[]): Promise<readonly (Uint8Array | undefined)[]>;
}

type Encoded = ReadonlyMap<ItemId, Uint8Array>;

/** What members of one group or room ask for together. */
interface Gathering {
  readonly wanted: Map<ItemId, Item>;
  readonly encoded: Promise<Encoded>;
}

/** Items of one group or room that are read at once: so many, and those of the page that went beyond. */
const gatheredMax = 500;

export function createEncodedItems({ contents, codec, faults }: EncodedItemsDeps): EncodedItems {
  const gatherings = new Map<string, Gathering>();

  function encode(app: App, item: Item, content: Parameters<MessageCodec['encode']>[2]) {
    if (item.kind === 'message' && content === undefined) return undefined;
    try {
      return codec.encode(app, item, content);
    } catch (fault) {
      faults.tell(fault, 'an item could not be encoded for devices');
      return undefined;
    }
  }

  async function read(app: App, items: readonly Item[]): Promise<Encoded> {
    const ids = items.map(({ itemId }) => itemId);
    const found = await contents.read(app.no, ids);
    const encoded = new Map<ItemId, Uint8Array>();
    for (const item of items) {
      const meta = encode(app, item, found.get(item.itemId));
      if (meta !== undefined) encoded.set(item.itemId, meta);
    }
    return encoded;
  }

  function begin(app: App, timeline: string): Gathering {
    const wanted = new Map<ItemId, Item>();
    const encoded = turnOver().then(() => {
      if (gatherings.get(timeline)?.wanted === wanted) gatherings.delete(timeline);
      return read(app, [...wanted.values()]);
    });
    return { wanted, encoded };
  }

  function gather(app: App, timeline: string, items: readonly Item[]): Promise<Encoded> {
    const open = gatherings.get(timeline);
    const { wanted, encoded } =
      open !== undefined && open.wanted.size < gatheredMax ? open : begin(app, timeline);
    for (const item of items) wanted.set(item.itemId, item);
    gatherings.set(timeline, { wanted, encoded });
    return encoded;
  }

  return {
    async of(app, items) {
      const [first] = items;
      if (first === undefined) return [];
      const timeline = sharedTimelineOf(first);
      const encoded = await (timeline === undefined ? read(app, items) : gather(app, timeline, items));
      return items.map(({ itemId }) => encoded.get(itemId));
    },
  };
}

/** Names the timeline of an item when it is a group's or a room's. */
function sharedTimelineOf({ app, timeline }: Item): string | undefined {
  const { kind } = parseTimeline(timeline);
  return kind === 'group' || kind === 'room' ? `${app}/${timeline}` : undefined;
}
