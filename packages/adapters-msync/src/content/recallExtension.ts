import type { StoredContent } from '@recalld/domain';
import { valueTypes } from '../wire/keyValue.js';
import type { KeyValue } from '../wire/keyValue.js';
import { parsed } from './keyValues.js';

/** How the SDKs call the text that goes with a recall. */
const extensionKey = 'recallMessageExtensionInfo';

/** A recall's extension text as the notice's own body. */
export function recallContent(extension: string): StoredContent {
  return { format: 'easemob', payload: Buffer.from(JSON.stringify({ type: 'recall', ext: extension })) };
}

/** The text again; undefined when the body is none of a recall. */
function recallExtensionOf({ payload }: StoredContent): string | undefined {
  const value = parsed(Buffer.from(payload).toString('utf8'));
  if (typeof value !== 'object' || value === null || !('ext' in value)) return undefined;
  return typeof value.ext === 'string' ? value.ext : undefined;
}

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
