import type { StoredContent } from './content.js';

// Every platform has these two; the language's own library does not name them.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string };

/** The text that goes with a recall, as its notice's own body: `easemob`, `{"type":"recall","ext"}`. */
export function recallContent(extension: string): StoredContent {
  const json = JSON.stringify({ type: 'recall', ext: extension });
  return { format: 'easemob', payload: new TextEncoder().encode(json) };
}

/** The text again, as it was given; undefined for a body that `recallContent` did not make. Never throws. */
export function recallExtensionOf({ format, payload }: StoredContent): string | undefined {
  if (format !== 'easemob') return undefined;
  const value = parsed(new TextDecoder().decode(payload));
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('type' in value) || value.type !== 'recall' || !('ext' in value)) return undefined;
  return typeof value.ext === 'string' ? value.ext : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
