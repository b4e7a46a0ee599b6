import type { StoredContent } from '@recalld/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageCodec } from './messageCodec.js';
import { wire } from './schema.js';
import { app, easemobContent, messageItem } from './testing/given.js';

const codec = createMessageCodec();

/** Decodes strictly: broken UTF-8 throws. */
function decode(bytes: Uint8Array) {
  const meta = wire.meta.toObject(wire.meta.decode(bytes), { longs: String });
  const body = wire.messageBody.toObject(wire.messageBody.decode(meta.payload as Uint8Array), {
    longs: Number,
  });
  return { meta, body };
}

function encoded(content: StoredContent) {
  return decode(codec.encode(app, messageItem(), content));
}

const kinds = ['txt', 'img', 'audio', 'video', 'file', 'loc', 'cmd', 'custom', 'combine', 'poll'];
const fields = ['msg', 'filename', 'secret', 'url', 'size', 'length', 'thumb', 'file_length', 'lat', 'lng'];
const names = fc.oneof(
  fc.constantFrom(...fields, 'addr', 'action', 'customEvent', 'customExts'),
  fc.string(),
);
const json = fc.oneof(fc.jsonValue(), fc.dictionary(names, fc.jsonValue()), fc.string({ unit: 'binary' }));

describe('message codec', () => {
  it('encodes whatever JSON a sender made of body and extension', () => {
    const type = fc.oneof(fc.constantFrom(...kinds), fc.jsonValue());
    fc.assert(
      fc.property(type, json, json, (ofType, body, ext) => {
        const { meta, body: sent } = encoded(easemobContent(ofType, body, ext));

        expect(meta.id).toBe('1468183947526374441');
        expect(sent.contents).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });

  it('takes any JSON value for a stored easemob or tencent body', () => {
    const format = fc.constantFrom('easemob' as const, 'tencent' as const);
    fc.assert(
      fc.property(format, fc.jsonValue(), (ofFormat, value) => {
        const payload = Buffer.from(JSON.stringify(value));

        expect(encoded({ format: ofFormat, payload }).body.contents).toHaveLength(1);
      }),
    );
  });

  it('addresses users and groups by their domains', () => {
    const item = messageItem({ chat: { kind: 'groupchat', id: '259432186' }, originDevice: 'webim_web_1' });

    const { meta } = decode(codec.encode(app, item, easemobContent('txt', { msg: 'hello' })));

    const appKey = 'demo-org#demo-app';
    const alice = { appKey, name: 'alice', domain: 'easemob.com', clientResource: 'webim_web_1' };
    expect(meta.from).toEqual(alice);
    expect(meta.to).toEqual({ appKey, name: '259432186', domain: 'conference.easemob.com' });
  });

  it('passes on what an SDK sent byte for byte', () => {
    const payload = Uint8Array.from([8, 1, 34, 4, 8, 0, 18, 0]);

    const { meta } = encoded({ format: 'msync', payload });

    expect([...(meta.payload as Uint8Array)]).toEqual([...payload]);
  });

  it('puts no subType on the wire: its presence would make a text a combined message', () => {
    const { body } = encoded(easemobContent('txt', { msg: '' }));

    // The whole content is field 1 (type) and field 2 (text), both zero or empty.
    expect(body.contents).toEqual([{ type: 0, text: '' }]);
    expect(
      Buffer.from(encoded(easemobContent('txt', { msg: '' })).meta.payload as Uint8Array).toString('hex'),
    ).toContain('220408001200');
  });

  it('repairs text that has no UTF-8 form', () => {
    const { body } = encoded(easemobContent('txt', { msg: 'a\ud800b' }, { '\udc00': '\ud800' }));

    expect(body).toMatchObject({
      contents: [{ text: 'a\ufffdb' }],
      ext: [{ key: '\ufffd', stringValue: '\ufffd' }],
    });
  });

  it('leaves out an extension value that is nested too deep to be written again', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const text = `{"type":"txt","body":{"msg":"hello"},"ext":{"deep":${deep},"flat":1}}`;

    const { body } = encoded({ format: 'easemob', payload: Buffer.from(text) });

    expect(body.ext).toEqual([{ key: 'flat', type: 2, varintValue: 1 }]);
  });

  it.each([
    ['a duration past 32 bits', { length: 2 ** 31 }],
    ['a duration that is no number', { length: 'long' }],
    ['no duration', {}],
  ])('sends an audio message with %s without one', (_, body) => {
    expect(encoded(easemobContent('audio', body)).body.contents).toEqual([{ type: 4 }]);
  });

  it('does not quote a broken body in its fault', () => {
    const broken: StoredContent = { format: 'easemob', payload: Buffer.from('{"type": secret') };

    expect(() => codec.encode(app, messageItem(), broken)).toThrow(
      /^a stored easemob body of 15 bytes is no JSON text$/,
    );
  });
});
