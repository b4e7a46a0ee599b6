import type { ContentBody, JsonObject, JsonValue, MessageContent } from '@recalld/domain';

// The vendor's JSON form of a message's content (contract A9): a body with its fields, and `ext`.

/** Message bodies and extension as lists, callbacks and exports of this contract show them. */
export interface EasemobContent {
  readonly bodies: readonly JsonObject[];
  readonly ext: JsonObject;
}

const unreadable: MessageContent = { body: { kind: 'unknown', type: '', fields: {} }, ext: {} };

/**
 * Reads what a send of this contract stored, UTF-8 JSON `{"type","body","ext"}`. Fields of another
 * type than the vendor's are as good as absent; what is no such JSON is `unknown`. Never throws.
 */
export function readEasemobContent(payload: Uint8Array): MessageContent {
  const stored = parsedObject(payload);
  if (stored === undefined || typeof stored['type'] !== 'string') return unreadable;
  return { body: readBody(stored['type'], objectOf(stored['body'])), ext: objectOf(stored['ext']) };
}

/** The stored JSON's own fields, nothing translated; undefined when it is none. */
export function storedBodies(payload: Uint8Array): EasemobContent | undefined {
  const stored = parsedObject(payload);
  if (stored === undefined || typeof stored['type'] !== 'string') return undefined;
  return { bodies: [{ ...objectOf(stored['body']), type: stored['type'] }], ext: objectOf(stored['ext']) };
}

/** Shows a content, whatever format it came in. */
export function easemobBodies({ body, ext }: MessageContent): EasemobContent {
  return { bodies: [definedFields(bodyFields(body))], ext };
}

function readBody(type: string, body: JsonObject): ContentBody {
  switch (type) {
    case 'txt':
      return { kind: type, text: text(body['msg']) ?? '' };
    case 'img':
      return { kind: type, ...file(body), ...thumbnail(body), ...size(body) };
    case 'audio':
      return { kind: type, ...file(body), ...seconds(body) };
    case 'video':
      return { kind: type, ...file(body), ...thumbnail(body), ...size(body), ...seconds(body) };
    case 'file':
      return { kind: type, ...file(body) };
    case 'loc':
      return place(body);
    case 'cmd':
      return { kind: type, action: text(body['action']) ?? '' };
    case 'custom':
      return { kind: type, event: text(body['customEvent']) ?? '', fields: customFields(body['customExts']) };
    case 'combine':
      return { kind: type, ...file(body), ...present({ ...titles(body), text: text(body['text']) }) };
    default:
      return { kind: 'unknown', type, fields: body };
  }
}

function file(body: JsonObject) {
  return present({
    url: text(body['url']),
    fileName: text(body['filename']),
    secret: text(body['secret']),
    fileBytes: number(body['file_length']),
  });
}

function thumbnail(body: JsonObject) {
  return present({ thumbnailUrl: text(body['thumb']), thumbnailSecret: text(body['thumb_secret']) });
}

function titles(body: JsonObject) {
  return { title: text(body['title']), summary: text(body['summary']) };
}

function seconds(body: JsonObject) {
  return present({ seconds: number(body['length']) });
}

function size(body: JsonObject) {
  const asked = objectOf(body['size']);
  const [width, height] = [number(asked['width']), number(asked['height'])];
  return width === undefined || height === undefined ? {} : { size: { width, height } };
}

/** A place without coordinates is none. */
function place(body: JsonObject): ContentBody {
  const [latitude, longitude] = [number(body['lat']), number(body['lng'])];
  if (latitude === undefined || longitude === undefined) {
    return { kind: 'unknown', type: 'loc', fields: body };
  }
  const building = present({ building: text(body['buildingName']) });
  return { kind: 'loc', latitude, longitude, address: text(body['addr']) ?? '', ...building };
}

/** A map, or the list of maps that the SDKs write it as. */
function customFields(value: JsonValue | undefined): JsonObject {
  if (!isList(value)) return objectOf(value);
  return Object.fromEntries(value.flatMap((part) => Object.entries(objectOf(part))));
}

/** A body in the vendor's field names; what is undefined is left out later. */
function bodyFields(body: ContentBody): Record<string, JsonValue | undefined> {
  switch (body.kind) {
    case 'txt':
      return { type: 'txt', msg: body.text };
    case 'img':
      return { type: 'img', ...fileFields(body), ...thumbnailFields(body), size: sizeField(body.size) };
    case 'audio':
      return { type: 'audio', ...fileFields(body), length: body.seconds };
    case 'video':
      return {
        type: 'video',
        ...fileFields(body),
        ...thumbnailFields(body),
        size: sizeField(body.size),
        length: body.seconds,
      };
    case 'file':
      return { type: 'file', ...fileFields(body) };
    case 'loc': {
      const { latitude: lat, longitude: lng, address: addr, building: buildingName } = body;
      return { type: 'loc', lat, lng, addr, buildingName };
    }
    case 'cmd':
      return { type: 'cmd', action: body.action };
    case 'custom':
      return { type: 'custom', customEvent: body.event, customExts: body.fields };
    case 'combine': {
      const { title, summary, text: compatible } = body;
      return { type: 'combine', title, summary, text: compatible, ...fileFields(body) };
    }
    case 'unknown':
      return { ...body.fields, type: body.type };
  }
}

type FileBody = Extract<ContentBody, { readonly fileName?: string }>;
type ThumbnailBody = Extract<ContentBody, { readonly thumbnailUrl?: string }>;

function fileFields({ url, fileName, secret, fileBytes }: FileBody) {
  return { url, filename: fileName, secret, file_length: fileBytes };
}

function thumbnailFields({ thumbnailUrl, thumbnailSecret }: ThumbnailBody) {
  return { thumb: thumbnailUrl, thumb_secret: thumbnailSecret };
}

function sizeField(size: { readonly width: number; readonly height: number } | undefined) {
  return size && { width: size.width, height: size.height };
}

function parsedObject(payload: Uint8Array): JsonObject | undefined {
  try {
    const value = JSON.parse(Buffer.from(payload).toString('utf8')) as JsonValue;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A number, or its text, as the vendor's samples write coordinates. */
function number(value: JsonValue | undefined): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined;
}

/** Without what is undefined. */
function definedFields(fields: Record<string, JsonValue | undefined>): JsonObject {
  return present(fields) as JsonObject;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
