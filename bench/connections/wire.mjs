// @ts-check
// As much of the devices' protocol as the load needs, written for speed: frames that an SDK would send,
// and a look into those that it would get.

/** @typedef {number | string | Uint8Array} Value */
/** @typedef {{ kind: 'welcome' | 'refused' | 'other' | 'ack' }
 *   | { kind: 'notice', queue: Uint8Array }
 *   | { kind: 'page', queue: Uint8Array, key: number, items: number }} Heard */

const userDomain = 'easemob.com';
const commands = { sync: 0, unread: 1, notice: 2, provision: 3 };
const otherSystem = 16;
const chat = 1;

/**
 * A protobuf message of fields by number: whole numbers, texts and nested messages.
 *
 * @param {readonly (readonly [number, Value])[]} fields
 */
function encode(fields) {
  const parts = fields.map(([number, value]) => {
    if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
  });
  return Buffer.concat(parts);
}

/** @param {number} value */
function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/**
 * Tells of each field; of numbers beyond 2^53 an approximation.
 *
 * @param {Uint8Array} bytes
 * @param {(number: number, value: number | Uint8Array) => void} tell
 */
function walk(bytes, tell) {
  let at = 0;
  const number = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    const value = number();
    if ((tag & 7) === 0) tell(tag >> 3, value);
    else tell(tag >> 3, bytes.subarray(at, (at += value)));
  }
}

/** The last value of each field. @param {Uint8Array} bytes */
function decode(bytes) {
  const fields = /** @type {Map<number, number | Uint8Array>} */ (new Map());
  walk(bytes, (number, value) => fields.set(number, value));
  return fields;
}

/** @param {number} command @param {Uint8Array} payload */
function frame(command, payload) {
  return encode([
    [8, command],
    [9, payload],
  ]);
}

/** The queue of what passes between a device's user and another one. @param {string} appKey @param {string} name */
export function userQueue(appKey, name) {
  return encode([
    [1, appKey],
    [2, name],
    [3, userDomain],
  ]);
}

/** @param {{ appKey: string, user: string, token: string, device: string }} login */
export function loginFrame({ appKey, user, token, device }) {
  const provision = encode([
    [1, otherSystem],
    [2, '4.21.1'],
    [13, device],
    [20, '1:'],
  ]);
  return encode([
    [2, userQueue(appKey, user)],
    [3, `$t$${token}`],
    [8, commands.provision],
    [9, provision],
  ]);
}

/** @param {{ appKey: string, id: number, from: string, to: string, text: string }} message */
export function textFrame({ appKey, id, from, to, text }) {
  const content = encode([
    [1, 0],
    [2, text],
  ]);
  const body = encode([
    [1, chat],
    [2, encode([[2, from]])],
    [3, encode([[2, to]])],
    [4, content],
  ]);
  const meta = encode([
    [1, id],
    [3, userQueue(appKey, to)],
    [5, chat],
    [6, body],
    [7, 0],
  ]);
  return frame(commands.sync, encode([[1, meta]]));
}

/** Asks for what is in a queue; a key confirms. @param {Uint8Array} queue @param {number} [key] */
export function pullFrame(queue, key) {
  /** @type {[number, Value][]} */
  const confirmed = key === undefined ? [] : [[2, key]];
  return frame(commands.sync, encode([...confirmed, [3, queue]]));
}

/**
 * What the server says in a frame.
 *
 * @param {Uint8Array} bytes
 * @returns {Heard}
 */
export function readFrame(bytes) {
  const envelope = decode(bytes);
  const payload = decode(part(envelope.get(9)));
  switch (envelope.get(8)) {
    case commands.provision:
      return { kind: (decode(part(payload.get(8))).get(1) ?? 0) === 0 ? 'welcome' : 'refused' };
    case commands.notice:
      return { kind: 'notice', queue: part(payload.get(1)) };
    case commands.sync: {
      if (payload.has(2)) return { kind: payload.has(3) ? 'ack' : 'refused' };
      const key = payload.get(5);
      if (typeof key !== 'number') return { kind: 'other' };
      return { kind: 'page', queue: part(payload.get(6)), key, items: count(part(envelope.get(9)), 4) };
    }
    default:
      return { kind: 'other' };
  }
}

/** @param {number | Uint8Array | undefined} value */
function part(value) {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

/** How often a field of bytes is there. @param {Uint8Array} bytes @param {number} wanted */
function count(bytes, wanted) {
  let found = 0;
  walk(bytes, (number) => {
    if (number === wanted) found += 1;
  });
  return found;
}
