import type { JsonValue, MessageContent } from '@recalld/domain';
import { parsed } from './keyValues.js';

/**
 * A body of Tencent's API, for devices of the other vendor: readable by an app that looks for it,
 * lost to one that does not. Never throws.
 */
export function readTencentContent(payload: Uint8Array): MessageContent {
  const value: JsonValue | undefined = parsed(Buffer.from(payload).toString('utf8'));
  const fields = value === undefined ? {} : { MsgBody: value };
  return { body: { kind: 'unknown', type: 'tencent', fields }, ext: {} };
}
