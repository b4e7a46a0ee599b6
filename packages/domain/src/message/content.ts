/** What a message is, in words common to both vendors; `unknown` when its sender's format has more. */
export type ContentKind =
  'txt' | 'img' | 'audio' | 'video' | 'file' | 'loc' | 'cmd' | 'custom' | 'combine' | 'unknown';

/** Whose encoding a stored payload is in. */
export type ContentFormat = 'easemob' | 'tencent' | 'msync';

/**
 * A message's body as it arrived. It lives beside the log, never in an event, and dies with the
 * recall. For `easemob` the payload is the UTF-8 JSON text `{"type","body","ext"}`; the extension
 * text of a recall is stored the same way as the notice's own body, `{"type":"recall","ext"}`. For
 * `msync` it is what the sender's Meta had in payload, ext and meta, byte for byte and no other field.
 */
export interface StoredContent {
  readonly format: ContentFormat;
  readonly payload: Uint8Array;
}
