import type { ContentBody, Item, JsonObject, JsonValue, StoredContent } from '@recalld/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageCodec } from './messageCodec.js';
import {
  acknowledgementItem,
  app,
  appKey,
  clientMeta,
  contentOfOthers,
  decoder,
  deletionItem,
  messageItem,
  readItem,
  recallItem,
  roamingDeletionItem,
  upMeta,
} from './testing/given.js';
import { wire } from './wire/descriptors.js';

const codec = createMessageCodec({ decoder });

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

const hello: ContentBody = { kind: 'txt', text: 'hello' };
const json = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })) as fc.Arbitrary<JsonValue>;
const object = fc.dictionary(fc.string({ unit: 'binary' }), json) as fc.Arbitrary<JsonObject>;
const text = fc.string({ unit: 'binary' });
const number = fc.double();
const file = { url: text, fileName: text, secret: text, fileBytes: number };
const thumbnail = { thumbnailUrl: text, thumbnailSecret: text };
const size = fc.record({ width: number, height: number });

function bodies(): fc.Arbitrary<ContentBody> {
  const optional = { requiredKeys: ['kind'] as ['kind'] };
  return fc.oneof(
    fc.record({ kind: fc.constant('txt' as const), text }),
    fc.record({ kind: fc.constant('img' as const), ...file, ...thumbnail, size }, optional),
    fc.record({ kind: fc.constant('audio' as const), ...file, seconds: number }, optional),
    fc.record(
      { kind: fc.constant('video' as const), ...file, ...thumbnail, size, seconds: number },
      optional,
    ),
    fc.record({ kind: fc.constant('file' as const), ...file }, optional),
    fc.record({ kind: fc.constant('loc' as const), latitude: number, longitude: number, address: text }),
    fc.record({ kind: fc.constant('cmd' as const), action: text }),
    fc.record({ kind: fc.constant('custom' as const), event: text, fields: object }),
    fc.record({ kind: fc.constant('combine' as const), ...file, title: text, summary: text, text }, optional),
    fc.record({ kind: fc.constant('unknown' as const), type: text, fields: object }),
  );
}

describe('message codec', () => {
  it('encodes whatever a sender made of content and extension', () => {
    fc.assert(
      fc.property(bodies(), object, (body, ext) => {
        const direct = createMessageCodec({ decoder: { decode: () => ({ body, ext }) } });

        const { meta, body: sent } = decode(direct.encode(app, messageItem(), contentOfOthers(hello)));

        expect(meta.id).toBe('1468183947526374441');
        expect(sent.contents).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });

  it('takes any JSON value for a stored tencent body', () => {
    fc.assert(
      fc.property(json, (value) => {
        const payload = Buffer.from(JSON.stringify(value));

        expect(encoded({ format: 'tencent', payload }).body.contents).toHaveLength(1);
      }),
    );
  });

  it('addresses users and groups by their domains', () => {
    const item = messageItem({ chat: { kind: 'groupchat', id: '259432186' }, originDevice: 'webim_web_1' });

    const { meta } = decode(codec.encode(app, item, contentOfOthers(hello)));

    const alice = { appKey, name: 'alice', domain: 'easemob.com', clientResource: 'webim_web_1' };
    expect(meta.from).toEqual(alice);
    expect(meta.to).toEqual({ appKey, name: '259432186', domain: 'conference.easemob.com' });
  });

  it('puts its own stamp on what an SDK sent, and leaves its bytes as they are', () => {
    const entry = { key: 'k', type: 8, stringValue: '{}' };
    const meta = Buffer.from('{"is_online":1}');
    const sent = clientMeta({ ext: [entry], meta, from: { name: 'mallory' }, timestamp: 1 });
    const sentPayload = upMeta(sent).payload;

    const { meta: relayed } = decode(codec.encode(app, messageItem(), upMeta(sent).stored));

    expect(relayed).toEqual({
      id: '1468183947526374441',
      from: { appKey, name: 'alice', domain: 'easemob.com' },
      to: { appKey, name: 'bob', domain: 'easemob.com' },
      timestamp: '1760000000123',
      ns: 1,
      payload: sentPayload,
      ext: [entry],
      meta,
    });
  });

  it('puts no subType on the wire: its presence would make a text a combined message', () => {
    const { body, meta } = encoded(contentOfOthers({ kind: 'txt', text: '' }));

    // The whole content is field 1 (type) and field 2 (text), both zero or empty.
    expect(body.contents).toEqual([{ type: 0, text: '' }]);
    expect(Buffer.from(meta.payload as Uint8Array).toString('hex')).toContain('220408001200');
  });

  it('repairs text that has no UTF-8 form', () => {
    const { body } = encoded(contentOfOthers({ kind: 'txt', text: 'a\ud800b' }, { '\udc00': '\ud800' }));

    expect(body).toMatchObject({
      contents: [{ text: 'a\ufffdb' }],
      ext: [{ key: '\ufffd', stringValue: '\ufffd' }],
    });
  });

  it('leaves out an extension value that is nested too deep to be written again', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const stored = `{"body":{"kind":"txt","text":"hello"},"ext":{"deep":${deep},"flat":1}}`;

    const { body } = encoded({ format: 'easemob', payload: Buffer.from(stored) });

    expect(body.ext).toEqual([{ key: 'flat', type: 2, varintValue: 1 }]);
  });

  it.each([
    ['a duration past 32 bits', { seconds: 2 ** 31 }],
    ['no duration', {}],
  ])('sends an audio message with %s without one', (_, fields) => {
    const { body } = encoded(contentOfOthers({ kind: 'audio', ...fields }));

    expect(body.contents).toEqual([{ type: 4 }]);
  });

  it('sends a combined message the way the SDKs do: as a text with subType 0', () => {
    const { body } = encoded(contentOfOthers({ kind: 'combine', text: 'old client', title: 'Chat' }));

    expect(body.contents).toEqual([{ type: 0, text: 'old client', subType: 0, title: 'Chat' }]);
  });

  it.each([
    ['recall', recallItem()],
    ['acknowledgement', acknowledgementItem()],
    ['read notice', readItem()],
    ['deletion notice', deletionItem()],
    ['notice of deleted roaming', roamingDeletionItem()],
  ])('gives a %s an id of its own, a sender and a content', (_, item: Item) => {
    const meta = wire.meta.toObject(wire.meta.decode(codec.encode(app, item, undefined)), { longs: String });

    expect(meta.id).toBe(item.itemId);
    expect(meta.from).toMatchObject({ name: item.author, domain: 'easemob.com' });
  });

  it('writes a deletion notice in bytes that the SDKs can count', () => {
    const names = fc.string({ unit: fc.constantFrom('\u0000', '\t', '\n', '\u000f', 'é', '"', '\ud800') });
    fc.assert(
      fc.property(names, names, (channel, device) => {
        const item = deletionItem({ channel, originDevice: device });

        const { payload } = wire.meta.toObject(wire.meta.decode(codec.encode(app, item, undefined)));

        const bytes = payload as Uint8Array;
        expect(bytes.every((byte) => byte >= 0x10)).toBe(true);
        expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
          type: 'conv',
          data: { op: 'del', res: device, from: 'alice', id: channel, type: 'chat', ts: item.sentAt },
        });
      }),
    );
  });

  it('relays a recall’s extension only when the notice’s body is one', () => {
    const others: readonly StoredContent[] = ['no JSON', '"text"', 'null', '{"ext":{}}'].map((body) => ({
      format: 'easemob',
      payload: Buffer.from(body),
    }));

    for (const content of others) {
      expect(decode(codec.encode(app, recallItem(), content)).meta.ext).toBeUndefined();
    }
  });

  it('has nothing to say of a message without a body', () => {
    expect(() => codec.encode(app, messageItem(), undefined)).toThrow(/has a body/);
  });
});
