import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import type { BusboyFileStream, BusboyHeaders, BusboyInstance } from '@fastify/busboy';

/** What the form may hold besides its one file. */
const formLimits = { files: 1, fields: 16, parts: 32, fieldSize: 1_024, headerPairs: 32, headerSize: 8_192 };

/** The file of a form, while it arrives. */
export interface IncomingFile {
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** `notForm`: no multipart body. `broken`: it ended early or made no sense; the consumer was told. */
export type Received = 'stored' | 'missing' | 'notForm' | 'broken';

/**
 * Hands the form's `file` on while it arrives; nothing is gathered here or in a temporary folder.
 * `store` sees its bytes end with an error when the upload breaks off. @throws what `store` throws.
 */
export function receiveFile(
  body: Readable,
  headers: IncomingHttpHeaders,
  store: (file: IncomingFile) => Promise<void>,
): Promise<Received> {
  const form = openForm(headers);
  if (form === undefined) return Promise.resolve('notForm');
  return new Promise((resolve, reject) => {
    let stream: BusboyFileStream | undefined;
    let storing: Promise<void> | undefined;
    let broken = false;

    function breakOff(): void {
      broken = true;
      stream?.destroy(new Error('the upload broke off'));
      if (storing === undefined) end('broken');
      else
        storing.then(
          () => end('broken'),
          () => end('broken'),
        );
    }
    /** The rest of the request, if any, is read and dropped. */
    function end(received: Received): void {
      body.unpipe(form);
      body.resume();
      resolve(received);
    }

    form.on('file', (_field, file, fileName, _encoding, contentType) => {
      stream = file;
      // An upload that breaks off after its file was consumed has nobody else to tell.
      file.on('error', () => undefined);
      storing = store({ fileName: fileName ?? '', contentType, bytes: file });
      storing.catch((fault: unknown) => {
        if (broken) return;
        body.unpipe(form);
        body.resume();
        reject(fault instanceof Error ? fault : new Error('the file could not be stored'));
      });
    });
    form.on('error', breakOff);
    form.on('finish', () => {
      if (storing === undefined) end('missing');
      else
        storing.then(
          () => end('stored'),
          () => undefined,
        );
    });
    body.on('error', breakOff);
    body.on('close', () => {
      if (!body.readableEnded) breakOff();
    });
    body.pipe(form);
  });
}

function openForm(headers: IncomingHttpHeaders): BusboyInstance | undefined {
  const contentType = headers['content-type'];
  if (contentType?.toLowerCase().startsWith('multipart/form-data') !== true) return undefined;
  const formHeaders: BusboyHeaders = { ...headers, 'content-type': contentType };
  try {
    // Only `file` is a file, whatever the other parts say of themselves.
    return new Busboy({
      headers: formHeaders,
      limits: formLimits,
      isPartAFile: (field) => field === 'file',
    });
  } catch {
    // No boundary.
    return undefined;
  }
}
