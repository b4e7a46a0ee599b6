import { limits } from '@recalld/domain';
import type { UpBody } from '../content/readUpBody.js';
import type { UpMeta } from '../wire/meta.js';
import { malformed, refusals } from './refusals.js';
import type { UpRefusal } from './refusals.js';

/** What of a body is more than a client may send at once; undefined: nothing. */
export function excessOf({ directedTo }: UpMeta, body: UpBody): UpRefusal | undefined {
  switch (body.kind) {
    case 'message':
      return directionOf(directedTo, body.conference) ?? tooManyFiles(body.fileUrls);
    case 'recall':
      return Buffer.byteLength(body.extension ?? '') > limits.messageBytesMax ? refusals.tooLarge : undefined;
    default:
      return undefined;
  }
}

/** Only groups and rooms have members to choose from. */
function directionOf(directedTo: UpMeta['directedTo'], conference: boolean): UpRefusal | undefined {
  if (directedTo === null) return undefined;
  if (!conference) return malformed({ ok: false, fault: 'wrongField', field: 'directed_users' });
  return directedTo.length > limits.directedToMax ? refusals.tooManyDirected : undefined;
}

function tooManyFiles(urls: readonly string[]): UpRefusal | undefined {
  const { attachmentsPerMessageMax } = limits;
  return new Set(urls).size > attachmentsPerMessageMax
    ? malformed({ ok: false, fault: 'tooMany', field: 'contents' })
    : undefined;
}
