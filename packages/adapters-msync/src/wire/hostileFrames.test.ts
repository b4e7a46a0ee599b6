import fc from 'fast-check';
import protobuf from 'protobufjs/light.js';
import { describe, expect, it } from 'vitest';
import { readUpBody } from '../content/readUpBody.js';
import { msyncLimits } from '../limits.js';
import { clientBody, clientFrame, clientMeta, loginFrame, pullFrame, sendFrame } from '../testing/given.js';
import { fieldsMax } from './decodeBytes.js';
import { decodeFrame as decode } from './frame.js';
import { decodeMucRequest } from './mucBody.js';

const decodeFrame = (bytes: Uint8Array) => decode(bytes, msyncLimits.frameBytesMax);
const valid = [loginFrame(), pullFrame({ key: '7' }), sendFrame(), clientFrame('unread', new Uint8Array())];
const faults = ['notProtobuf', 'tooLong', 'tooMany', 'unknownCommand', 'missingField', 'wrongField'];

/** Reads a frame to its innermost part, as the server does. Answers what it is, or which fault it has. */
function readThrough(bytes: Uint8Array): string {
  const frame = decodeFrame(bytes);
  if (!frame.ok) return frame.fault;
  if (frame.value.command !== 'sync' || frame.value.sync.kind === 'pull') return frame.value.command;
  if (frame.value.sync.kind === 'faulty') return frame.value.sync.fault.fault;
  const { meta } = frame.value.sync;
  const body = meta.namespace === 'muc' ? decodeMucRequest(meta) : readUpBody(meta, 'alice');
  return body.ok ? 'sent' : body.fault;
}

const answers = [...faults, 'provision', 'sync', 'unread', 'logout', 'sent'];

function writer(): protobuf.Writer {
  return protobuf.Writer.create();
}

/** One field of a message: number and wire type, and what follows. */
function field(id: number, wireType: number, ...rest: readonly number[]): Uint8Array {
  return Uint8Array.from([
    ...writer()
      .uint32((id << 3) | wireType)
      .finish(),
    ...rest,
  ]);
}

describe('hostile frames', () => {
  it('are read or told as malformed, whatever bytes they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(answers).toContain(readThrough(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it('are read or told as malformed when a valid one is cut short', () => {
    for (const whole of valid) {
      for (let length = 1; length < whole.length; length += 1) {
        expect(answers).toContain(readThrough(whole.subarray(0, length)));
      }
    }
  });

  it('are read or told as malformed when bytes of a valid one are others', () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        (whole, changes) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;

          expect(answers).toContain(readThrough(bytes));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('are read or told as malformed inside a frame that is valid', () => {
    const inner = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(inner, fc.constantFrom('sync', 'provision'), (payload, command) => {
        expect(answers).toContain(readThrough(clientFrame(command, payload)));
        expect(answers).toContain(readThrough(sendFrame(payload)));
        expect(answers).toContain(readThrough(sendFrame(clientMeta({ payload }))));
        expect(answers).toContain(readThrough(sendFrame(clientMeta({ payload, ns: 2 }))));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a number without end', field(8, 0, ...Array<number>(11).fill(0xff))],
    ['a tag without end', Uint8Array.from(Array<number>(11).fill(0xff))],
    ['the field 0', field(0, 0, 1)],
    ['a wire type that there is none of', field(8, 6, 1)],
    ['a length past the end', field(9, 2, 100)],
    ['the longest length that can be written', field(9, 2, 0xff, 0xff, 0xff, 0xff, 0x07)],
    ['a group', Uint8Array.from([...field(30, 3), ...field(30, 4)])],
    ['groups in groups', Uint8Array.from(Array.from({ length: 10_000 }, () => [...field(30, 3)]).flat())],
    ['a text where a number belongs', field(8, 2, 1, 0x61)],
    ['a number where bytes belong', field(9, 0, 1)],
    ['a field twice', Uint8Array.from([...field(8, 0, 1), ...field(8, 0, 1)])],
  ])('with %s are no protobuf of this kind', (_, bytes) => {
    expect(decodeFrame(bytes)).toEqual({ ok: false, fault: 'notProtobuf', field: null });
  });

  it.each([
    ['extensions', clientBody({ ext: Array.from({ length: fieldsMax }, () => ({})) })],
    ['contents', clientBody({ contents: Array.from({ length: fieldsMax }, () => ({})) })],
    [
      'values in a content',
      clientBody({ contents: [{ customExts: Array.from({ length: fieldsMax }, () => ({})) }] }),
    ],
  ])('with %s of two bytes each make no more objects than they may', (_, payload) => {
    expect(readThrough(sendFrame(clientMeta({ payload })))).toBe('tooMany');
  });

  it('keep nothing of fields that nobody knows', () => {
    const unknown = writer()
      .uint32((500 << 3) | 2)
      .bytes(new Uint8Array(10_000))
      .finish();

    const frame = decodeFrame(sendFrame(Uint8Array.from([...clientMeta(), ...unknown])));

    const plain = decodeFrame(sendFrame());
    expect(frame).toEqual(plain);
  });
});
