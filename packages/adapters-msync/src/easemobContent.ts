import { int32Of, numberOf, objectOf, textOf } from './json.js';
import type { JsonObject } from './json.js';
import { keyValuesOf } from './keyValues.js';
import { contentTypes } from './schema.js';
import type { Content, Size } from './schema.js';

/** A content whose fields may turn out to be absent. */
type Draft = { readonly [Name in keyof Content]: Content[Name] | undefined } & Pick<Content, 'type'>;

/**
 * The content of a message sent through the vendor's REST interface (contract A9), whatever shape its
 * body has. A type that the SDKs have no word for becomes a custom one of that name.
 */
export function contentOf(type: string, body: JsonObject): Content {
  return present(draftOf(type, body));
}

function draftOf(type: string, body: JsonObject): Draft {
  switch (type) {
    case 'txt':
      return { type: contentTypes.text, text: textOf(body.msg) ?? '' };
    case 'img':
      return { type: contentTypes.image, ...fileFields(body), size: sizeOf(body.size) };
    case 'audio':
      return { type: contentTypes.voice, ...fileFields(body), duration: int32Of(body.length) };
    case 'video':
      return { type: contentTypes.video, ...fileFields(body), duration: int32Of(body.length) };
    case 'file':
      return { type: contentTypes.file, ...fileFields(body) };
    case 'loc':
      return {
        type: contentTypes.location,
        latitude: numberOf(body.lat) ?? 0,
        longitude: numberOf(body.lng) ?? 0,
        address: textOf(body.addr) ?? '',
        buildingName: textOf(body.buildingName),
      };
    case 'cmd':
      return { type: contentTypes.command, action: textOf(body.action) ?? '' };
    case 'custom':
      return customContent(textOf(body.customEvent) ?? '', extensionOf(body.customExts));
    default:
      return customContent(type, body);
  }
}

export function customContent(event: string, fields: JsonObject): Content {
  return {
    type: contentTypes.custom,
    customEvent: event.toWellFormed(),
    customExts: keyValuesOf(fields),
  };
}

/** What all attachments have in common. */
function fileFields(body: JsonObject): Omit<Draft, 'type'> {
  return {
    displayName: textOf(body.filename),
    remotePath: textOf(body.url),
    secretKey: textOf(body.secret),
    fileLength: int32Of(body.file_length),
    thumbnailRemotePath: textOf(body.thumb),
    thumbnailSecretKey: textOf(body.thumb_secret),
  };
}

function sizeOf(value: unknown): Size | undefined {
  const width = numberOf(objectOf(value)?.width);
  const height = numberOf(objectOf(value)?.height);
  return width === undefined || height === undefined ? undefined : { width, height };
}

/** A map; older senders give a list of maps instead. */
function extensionOf(value: unknown): JsonObject {
  const maps: readonly unknown[] = Array.isArray(value) ? value : [value];
  return Object.fromEntries(maps.flatMap((map) => Object.entries(objectOf(map) ?? {})));
}

/** Drops absent fields: the wire tells an absent field from an empty one. */
function present(draft: Draft): Content {
  const fields = Object.entries(draft).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(fields) as Partial<Content>), type: draft.type };
}
