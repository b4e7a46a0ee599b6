import type { StoragePorts } from '@recalld/domain';
import { isCleanText } from '../server/text.js';

/** What a store decodes by itself, whatever it is. */
const opaque = new Set(['from']);

/**
 * Watches every port from now on: the names of the arguments in which a text arrived that not every
 * store can keep, as `chats.create.0.name`.
 */
export function uncleanTexts(storage: StoragePorts): ReadonlySet<string> {
  const seen = new Set<string>();
  for (const [name, port] of Object.entries(storage) as [string, Record<string, unknown>][]) {
    for (const [method, run] of Object.entries(port)) {
      if (typeof run !== 'function') continue;
      port[method] = (...given: readonly unknown[]): unknown => {
        note(`${name}.${method}`, given);
        return Reflect.apply(run, port, given);
      };
    }
  }

  function note(place: string, value: unknown): void {
    if (typeof value === 'string') {
      if (!isCleanText(value)) seen.add(place);
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      for (const [key, part] of Object.entries(value)) {
        if (!isCleanText(key)) seen.add(`${place} has a key`);
        if (!opaque.has(key)) note(`${place}.${key}`, part);
      }
    }
  }

  return seen;
}
