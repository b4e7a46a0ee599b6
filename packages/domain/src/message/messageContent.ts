/** A value as JSON has it. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export type JsonObject = Readonly<Record<string, JsonValue>>;

/** What attachments have in common. Sizes are bytes; `secret` opens a restricted file. */
interface FileFields {
  readonly url?: string;
  readonly fileName?: string;
  readonly secret?: string;
  readonly fileBytes?: number;
}

interface ThumbnailFields {
  readonly thumbnailUrl?: string;
  readonly thumbnailSecret?: string;
}

/** Pixels. */
interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * What a message says, in words common to every vendor's format. Formats are decoded to it and
 * encoded from it; what a format says beyond it is lost on the way, so a body is relayed as it came
 * wherever its reader knows the format that it came in.
 */
export type ContentBody =
  | { readonly kind: 'txt'; readonly text: string }
  | ({ readonly kind: 'img'; readonly size?: PictureSize } & FileFields & ThumbnailFields)
  | ({ readonly kind: 'audio'; readonly seconds?: number } & FileFields)
  | ({ readonly kind: 'video'; readonly seconds?: number; readonly size?: PictureSize } & FileFields &
      ThumbnailFields)
  | ({ readonly kind: 'file' } & FileFields)
  | {
      readonly kind: 'loc';
      readonly latitude: number;
      readonly longitude: number;
      readonly address: string;
      readonly building?: string;
    }
  | { readonly kind: 'cmd'; readonly action: string }
  | { readonly kind: 'custom'; readonly event: string; readonly fields: JsonObject }
  | ({
      readonly kind: 'combine';
      readonly title?: string;
      readonly summary?: string;
      readonly text?: string;
    } & FileFields)
  /** Of a type that only its own format has. */
  | { readonly kind: 'unknown'; readonly type: string; readonly fields: JsonObject };

/** A body and what the sender's app put beside it. */
export interface MessageContent {
  readonly body: ContentBody;
  readonly ext: JsonObject;
}
