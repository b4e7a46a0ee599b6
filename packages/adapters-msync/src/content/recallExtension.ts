import { recallExtensionOf } from '@recalld/domain';
import type { StoredContent } from '@recalld/domain';
import { valueTypes } from '../wire/keyValue.js';
import type { KeyValue } from '../wire/keyValue.js';

/** How the SDKs call the text that goes with a recall. */
const extensionKey = 'recallMessageExtensionInfo';

/** What a client sent with a recall; null: nothing. */
export function sentExtension(ext: readonly KeyValue[]): string | null {
  return ext.find(({ key }) => key === extensionKey)?.stringValue ?? null;
}

/** What goes beside a recall to devices. */
export function extensionEntries(content: StoredContent | undefined): readonly KeyValue[] {
  const extension = content && recallExtensionOf(content);
  if (extension === undefined) return [];
  return [{ key: extensionKey, type: valueTypes.string, stringValue: extension.toWellFormed() }];
}
