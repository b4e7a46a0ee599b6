import { filesOf } from './files.js';

/** How a text may be written into a file: as it is, in UTF-16, as hex digits, in base64. */
function formsOf(text: string): Readonly<Record<string, string | Buffer>> {
  const bytes = Buffer.from(text);
  const wide = Buffer.from(text, 'utf16le');
  return {
    plain: text,
    'UTF-16, little end first': wide,
    'UTF-16, big end first': Buffer.from(wide).swap16(),
    hex: bytes.toString('hex'),
    'hex in capitals': bytes.toString('hex').toUpperCase(),
    ...Object.fromEntries([0, 1, 2].map((before) => [`base64, ${before} before`, inBase64(bytes, before)])),
  };
}

/** What base64 makes of bytes that so many others come before, without what their neighbours have a part in. */
function inBase64(bytes: Buffer, before: number): string {
  const all = Buffer.concat([Buffer.alloc(before), bytes]);
  const whole = all.subarray(0, all.length - (all.length % 3)).toString('base64');
  return whole.slice(Math.ceil((before * 8) / 6));
}

/** Where folders hold a text right now, in any form: the file, and the form. */
export async function tracesIn(folders: readonly string[], text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    for await (const { name, bytes } of filesOf(folder)) {
      found.push(...formsIn(bytes, text).map((form) => `${name}: ${form}`));
    }
  }
  return found;
}

/** The forms in which bytes have a text. */
export function formsIn(bytes: Buffer, text: string): readonly string[] {
  return Object.entries(formsOf(text)).flatMap(([form, written]) => (bytes.includes(written) ? [form] : []));
}
