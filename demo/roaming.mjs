// @ts-check
// Reads history as the vendor's SDKs do: each message is a protobuf `Meta` whose payload is a `MessageBody`.

/** Numbers of the fields that the demo looks at. */
const metaPayload = 6;
const bodyFrom = 2;
const bodyContents = 4;
const jidName = 2;
const contentType = 1;
const contentText = 2;
const contentFileName = 6;

const imageType = 1n;

/**
 * @param {readonly { msg: string }[]} messages base64, as `messageroaming` answers them
 * @returns {string[]} who says what
 */
export function textsOf(messages) {
  return messages.map(({ msg }) => {
    const body = part(fieldsOf(Buffer.from(msg, 'base64')), metaPayload);
    const from = part(part(body, bodyFrom), jidName, text);
    const content = part(body, bodyContents);
    const isImage = content.get(contentType) === imageType;
    const says = isImage
      ? `the image ${part(content, contentFileName, text)}`
      : `“${part(content, contentText, text)}”`;
    return `${from}: ${says}`;
  });
}

/** @param {Buffer} bytes */
function text(bytes) {
  return bytes.toString();
}

/**
 * @template [T=Map<number, bigint | Buffer>]
 * @param {Map<number, bigint | Buffer>} fields
 * @param {number} number
 * @param {(bytes: Buffer) => T} [read]
 * @returns {T}
 */
function part(fields, number, read = /** @type {(bytes: Buffer) => any} */ (fieldsOf)) {
  const value = fields.get(number);
  if (!Buffer.isBuffer(value)) throw new Error(`a message in history lacks field ${number}`);
  return read(value);
}

/**
 * The fields of a protobuf message by number; of a repeated one the last.
 *
 * @param {Buffer} bytes
 * @returns {Map<number, bigint | Buffer>}
 */
function fieldsOf(bytes) {
  /** @type {Map<number, bigint | Buffer>} */
  const fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  /** @param {number} length */
  const take = (length) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const number = key >> 3;
    const wireType = key & 7;
    if (wireType === 0) fields.set(number, varint());
    else if (wireType === 1) fields.set(number, take(8));
    else if (wireType === 2) fields.set(number, take(Number(varint())));
    else if (wireType === 5) fields.set(number, take(4));
    else throw new Error(`a message in history has wire type ${wireType}`);
  }
  return fields;
}
