import { isUtf8 } from 'node:buffer';

/** Levels of arrays and objects in one body. */
const nestingMax = 64;
/** Below this size a text cannot nest so deeply that walking it would exhaust the stack. */
const shallowChars = 1_024;

/** Thrown for a body that is not JSON; its message quotes nothing of the body. */
export class MalformedJson extends Error {
  override readonly name = 'MalformedJson';
}

/** Parses a whole body. An empty one is undefined. @throws MalformedJson */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw new MalformedJson('the body is not UTF-8');
  const text = bytes.toString('utf8');
  if (text.length > shallowChars && nestsDeeper(text, nestingMax)) {
    throw new MalformedJson(`the body nests deeper than ${nestingMax} levels`);
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the input.
    throw new MalformedJson('the body is not JSON');
  }
}

function nestsDeeper(text: string, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charCodeAt(index);
    if (inString) {
      if (char === 0x5c) index += 1;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x5b || char === 0x7b) {
      depth += 1;
      if (depth > levels) return true;
    } else if (char === 0x5d || char === 0x7d) depth -= 1;
  }
  return false;
}
