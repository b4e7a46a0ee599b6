import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { AttachmentTooLarge, isReadable } from '@recalld/domain';
import type { Attachment } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, Route } from '../route.js';
import { appOf, param, queryText } from '../route.js';
import { isCleanText } from '../server/text.js';
import { errors } from './errors.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';
import { receiveFile } from './upload.js';
import type { IncomingFile } from './upload.js';

/** 10 MB (contract A10), bytes. */
const fileBytesMax = 10 * 1024 * 1024;
/** What a form may add to its file. */
const formBytesMax = 65_536;
const fileNameCharsMax = 255;
const mediaType = /^[a-z0-9!#$&^_.+-]{1,63}\/[a-z0-9!#$&^_.+-]{1,63}$/;
const unknownType = 'application/octet-stream';

/** Uploaded files. */
export function chatfileRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/{org}/{app}/chatfiles',
      operationId: 'uploadFile',
      summary: 'Uploads a file of up to 10 MB as the field `file` of a form',
      tag: 'Files',
      auth: 'appOrAnyUser',
      limits: [{ name: 'uploadsPerSecond' }],
      reads: 'stream',
      answers: answers(200, 400, 401, 404, 413, 415),
      handle: (call) => upload(deps, replies, call),
    },
    {
      method: 'POST',
      path: '/{org}/{app}/sdk/chatfiles/part-upload',
      operationId: 'startUploadInParts',
      summary: 'Refuses: the web SDK, which asks this of large files, then uploads them at once',
      tag: 'Files',
      auth: 'appOrAnyUser',
      answers: answers(400, 401, 404),
      handle: (call) => replies.refused(call, errors.noUploadInParts),
    },
    {
      method: 'GET',
      path: '/{org}/{app}/chatfiles/{uuid}',
      operationId: 'downloadFile',
      summary: 'Downloads a file; a restricted one needs its share-secret, as a header or in the query',
      tag: 'Files',
      auth: 'none',
      limits: [{ name: 'downloadsPerSecond' }],
      query: { 'share-secret': { type: 'string' } },
      answers: answers(200, 401, 404),
      handle: (call) => download(deps, replies, call),
    },
  ];
}

async function upload(deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const { attachmentBytes, storage, clock } = deps;
  const { headers } = call;
  if (Number(headers['content-length'] ?? 0) > fileBytesMax + formBytesMax) {
    return replies.refused(call, errors.fileTooLarge);
  }
  const id = randomUUID();
  const stored: { file?: IncomingFile; sizeBytes: number } = { sizeBytes: 0 };
  try {
    const received = await receiveFile(call.stream, headers, async (file) => {
      stored.sizeBytes = await attachmentBytes.put(id, file.bytes, fileBytesMax);
      stored.file = file;
    });
    if (received === 'notForm') return replies.refused(call, errors.mediaTypeUnsupported);
    if (received !== 'stored' || stored.file === undefined) {
      // A form that broke off behind its file leaves bytes that nobody knows of.
      await attachmentBytes.destroy(id);
      return replies.refused(call, errors.fileMissing);
    }
  } catch (fault) {
    if (fault instanceof AttachmentTooLarge) return replies.refused(call, errors.fileTooLarge);
    throw fault;
  }
  const secret = randomBytes(24).toString('base64url');
  await storage.attachments.add({
    app: appOf(call).no,
    id,
    state: 'uploaded',
    secretHash: hashOf(secret),
    restricted: restricts(headers['restrict-access']),
    fileName: fileNameOf(stored.file),
    contentType: mediaType.test(stored.file.contentType) ? stored.file.contentType : unknownType,
    sizeBytes: stored.sizeBytes,
    uploadedAt: clock.now(),
    condemnedBy: null,
  });
  const entity = { uuid: id, type: 'chatfile', 'share-secret': secret };
  return replies.ok(call, { path: '/chatfiles', entities: [entity] });
}

/** Whoever sends the header at all wants the file kept, unless it says otherwise. */
function restricts(header: string | string[] | undefined = ''): boolean {
  const value = String(header).trim().toLowerCase();
  return value !== '' && value !== 'false';
}

async function download(deps: HttpDeps, replies: Replies, call: Call): Promise<Answer> {
  const uuid = param(call, 'uuid').toLowerCase();
  const attachment = await deps.storage.attachments.find(appOf(call).no, uuid);
  if (attachment === undefined) return replies.refused(call, errors.fileNotFound);
  if (attachment.restricted && !opens(call, attachment)) {
    return replies.refused(call, errors.fileSecretMismatch);
  }
  if (attachment.state === 'expired') return replies.refused(call, errors.fileExpired(uuid));
  const bytes = isReadable(attachment) ? await deps.attachmentBytes.open(uuid) : undefined;
  if (bytes === undefined) return replies.refused(call, errors.fileNotFound);
  return { status: 200, headers: safeHeaders(attachment), raw: bytes };
}

/** Nothing that was uploaded may run in a browser, and no cache may keep what is recalled later. */
function safeHeaders({ contentType, fileName, sizeBytes }: Attachment): Record<string, string> {
  return {
    'content-type': contentType,
    'content-length': String(sizeBytes),
    'content-disposition': `attachment; filename*=UTF-8''${headerText(fileName)}`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };
}

/** RFC 8187: what encodeURIComponent leaves alone and a header may not hold. */
function headerText(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

function fileNameOf({ fileName }: IncomingFile): string {
  const name = fileName.slice(0, fileNameCharsMax).toWellFormed();
  return name !== '' && isCleanText(name) ? name : 'file';
}

/** Whether the caller knows the file's secret; hashes of one length are compared in constant time. */
function opens(call: Call, { secretHash }: Attachment): boolean {
  const header = call.headers['share-secret'];
  const secret = typeof header === 'string' ? header : queryText(call, 'share-secret');
  if (secret === undefined) return false;
  const [given, expected] = [Buffer.from(hashOf(secret)), Buffer.from(secretHash)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
