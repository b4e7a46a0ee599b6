import { never } from '@recalld/domain';
import type { ContentBody, JsonObject } from '@recalld/domain';
import { contentTypes, subTypes } from '../wire/messageBody.js';
import type { Content } from '../wire/messageBody.js';
import { keyValuesOf } from './keyValues.js';

/** A content whose fields may turn out to be absent. */
type Draft = { readonly [Name in keyof Content]: Content[Name] | undefined };

type FileBody = Extract<ContentBody, { readonly fileName?: string }>;
type ThumbnailBody = Extract<ContentBody, { readonly thumbnailUrl?: string }>;

/**
 * What the SDKs show of a content. A type that they have no word for becomes a custom one of that
 * name. `subType` is on no text but a combined message: its presence makes one.
 */
export function contentOf(body: ContentBody): Content {
  return present(draftOf(body));
}

function draftOf(body: ContentBody): Draft {
  switch (body.kind) {
    case 'txt':
      return { type: contentTypes.text, text: body.text };
    case 'img':
      return { type: contentTypes.image, ...fileFields(body), ...thumbnailFields(body), size: body.size };
    case 'audio':
      return { type: contentTypes.voice, ...fileFields(body), duration: int32Of(body.seconds) };
    case 'video':
      return {
        type: contentTypes.video,
        ...fileFields(body),
        ...thumbnailFields(body),
        size: body.size,
        duration: int32Of(body.seconds),
      };
    case 'file':
      return { type: contentTypes.file, ...fileFields(body) };
    case 'loc':
      return {
        type: contentTypes.location,
        latitude: body.latitude,
        longitude: body.longitude,
        address: body.address,
        buildingName: body.building,
      };
    case 'cmd':
      return { type: contentTypes.command, action: body.action };
    case 'custom':
      return customDraft(body.event, body.fields);
    case 'combine':
      return {
        type: contentTypes.text,
        subType: subTypes.combine,
        text: body.text,
        title: body.title,
        summary: body.summary,
        ...fileFields(body),
      };
    case 'unknown':
      return customDraft(body.type, body.fields);
    default:
      return never(body);
  }
}

function customDraft(event: string, fields: JsonObject): Draft {
  return { type: contentTypes.custom, customEvent: event, customExts: keyValuesOf(fields) };
}

function fileFields({ url, fileName, secret, fileBytes }: FileBody): Draft {
  return {
    displayName: fileName,
    remotePath: url,
    secretKey: secret,
    fileLength: int32Of(fileBytes),
  };
}

function thumbnailFields({ thumbnailUrl, thumbnailSecret }: ThumbnailBody): Draft {
  return { thumbnailRemotePath: thumbnailUrl, thumbnailSecretKey: thumbnailSecret };
}

/** A whole number that fits the wire's int32; sizes and durations that do not are left out. */
function int32Of(value = NaN): number | undefined {
  const rounded = Math.round(value);
  return rounded === (rounded | 0) ? rounded : undefined;
}

/**
 * Drops absent fields: the wire tells an absent field from an empty one. Half of a surrogate pair has
 * no UTF-8 form, and strict decoders give up a whole message for it.
 */
function present(draft: Draft): Content {
  const fields = Object.entries(draft).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, typeof value === 'string' ? value.toWellFormed() : value]),
  );
}
