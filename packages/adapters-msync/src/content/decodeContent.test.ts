import type { ContentBody } from '@recalld/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientBody, clientMeta, upMeta } from '../testing/given.js';
import { readMsyncContent } from './decodeContent.js';
import { contentOf } from './encodeContent.js';
import { keyValuesOf } from './keyValues.js';
import { readTencentContent } from './readTencentContent.js';

/** A content after it was sent by a client and kept. */
function kept(content: object, ext: readonly object[] = []) {
  return readMsyncContent(
    upMeta(clientMeta({ payload: clientBody({ contents: [content], ext }) })).stored.payload,
  );
}

const file = { url: 'http://h/f', fileName: 'a.png', secret: 's', fileBytes: 9 };
const thumbnail = { thumbnailUrl: 'http://h/t', thumbnailSecret: 't' };

const bodies: readonly ContentBody[] = [
  { kind: 'txt', text: '你好' },
  { kind: 'img', ...file, ...thumbnail, size: { width: 0.5, height: 720 } },
  { kind: 'img' },
  { kind: 'audio', ...file, seconds: 3 },
  { kind: 'video', ...file, ...thumbnail, seconds: 3, size: { width: 1, height: 2 } },
  { kind: 'file', ...file },
  { kind: 'loc', latitude: -1.5, longitude: 2, address: 'here', building: 'Tower' },
  { kind: 'cmd', action: 'refresh' },
  { kind: 'custom', event: 'order', fields: { tea: 4, list: [1], no: null, yes: true, half: 0.5 } },
  { kind: 'combine', ...file, title: 't', summary: 's', text: 'old' },
  { kind: 'combine' },
];

describe('a kept message of a client', () => {
  it.each(bodies)('says %j again', (body) => {
    expect(kept(contentOf(body)).body).toEqual(body);
  });

  it('of a type that has no word is a custom one to the SDKs', () => {
    expect(kept(contentOf({ kind: 'unknown', type: 'poll', fields: { a: 1 } })).body).toEqual({
      kind: 'custom',
      event: 'poll',
      fields: { a: 1 },
    });
    expect(kept({ type: 77 }).body).toEqual({ kind: 'unknown', type: 'msync 77', fields: {} });
  });

  it('has its extension as it was given', () => {
    const values = fc.oneof(
      fc.string(),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.constantFrom(0.5, -1e300, 1e300),
      fc.array(fc.integer()),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), values), (ext) => {
        expect(kept({ type: 0 }, keyValuesOf(ext)).ext).toEqual(JSON.parse(JSON.stringify(ext)));
      }),
    );
  });

  it('has numbers of every type that SDKs send, and leaves out what JSON has no word for', () => {
    const ext = [
      { key: 'uint', type: 3, varintValue: '7' },
      { key: 'long', type: 4, varintValue: '-9007199254740991' },
      { key: 'float', type: 5, floatValue: 0.5 },
      { key: 'none', type: 6 },
      { key: 'endless', type: 6, doubleValue: Infinity },
      { key: 'broken', type: 8, stringValue: '{' },
      { key: 'nobody’s', type: 42, stringValue: 'x' },
      { type: 7, stringValue: 'nameless' },
    ];

    expect(kept({ type: 0 }, ext).ext).toEqual({
      uint: 7,
      long: -9007199254740991,
      float: 0.5,
      none: 0,
      '': 'nameless',
    });
  });

  it('may have a size without an end', () => {
    expect(kept({ type: 1, size: { width: NaN, height: 1 } }).body).toEqual({ kind: 'img' });
  });

  it('that cannot be read is unknown, whatever its bytes', () => {
    const unknown = { body: { kind: 'unknown', type: 'msync', fields: {} }, ext: {} };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(readMsyncContent(bytes)).toHaveProperty('body.kind');
      }),
      { numRuns: 500 },
    );
    expect(readMsyncContent(Uint8Array.from([0xff]))).toEqual(unknown);
    expect(readMsyncContent(new Uint8Array())).toEqual(unknown);
    expect(readMsyncContent(upMeta(clientMeta({ payload: Uint8Array.from([0xff]) })).stored.payload)).toEqual(
      unknown,
    );
  });
});

describe('a body of Tencent’s API', () => {
  it('is one value of an unknown message', () => {
    expect(readTencentContent(Buffer.from('[{"MsgType":"x"}]'))).toEqual({
      body: { kind: 'unknown', type: 'tencent', fields: { MsgBody: [{ MsgType: 'x' }] } },
      ext: {},
    });
  });

  it('that is no JSON says nothing', () => {
    expect(readTencentContent(Buffer.from('secret {'))).toEqual({
      body: { kind: 'unknown', type: 'tencent', fields: {} },
      ext: {},
    });
  });
});
