import type { JsonObject } from '@recalld/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { easemobBodies, readEasemobContent } from './contents.js';

const stored = (value: unknown) => Buffer.from(JSON.stringify(value));

const file = { url: 'https://h/acme/im/chatfiles/1', filename: 'a.bin', secret: 's', file_length: 9 };

const samples: readonly (readonly [type: string, body: JsonObject])[] = [
  ['txt', { msg: '你好' }],
  ['img', { ...file, thumb: 't', thumb_secret: 'ts', size: { width: 3, height: 4 } }],
  ['audio', { ...file, length: 5 }],
  ['video', { ...file, thumb: 't', thumb_secret: 'ts', size: { width: 3, height: 4 }, length: 5 }],
  ['file', file],
  ['loc', { lat: 39.9, lng: 116.3, addr: '北京', buildingName: 'B' }],
  ['cmd', { action: 'typing' }],
  ['custom', { customEvent: 'gift', customExts: { a: '1' } }],
  ['combine', { title: 't', summary: 's', text: 'c', ...file }],
  ['vote', { options: ['a', 'b'] }],
];

describe('a stored body', () => {
  it.each(samples)(
    'given %s with all its fields, then writing what was read gives them again',
    (type, body) => {
      const read = readEasemobContent(stored({ type, body, ext: { k: 1 } }));
      expect(read.body.kind).toBe(type === 'vote' ? 'unknown' : type);
      expect(easemobBodies(read)).toEqual({ bodies: [{ ...body, type }], ext: { k: 1 } });
    },
  );

  it('given fields of other types, then they are as good as absent', () => {
    const body = { url: 1, filename: null, size: { width: 'wide', height: 2 }, file_length: {} };
    expect(readEasemobContent(stored({ type: 'img', body, ext: [] }))).toEqual({
      body: { kind: 'img' },
      ext: {},
    });
  });

  it('given coordinates as texts, as the vendor’s sample has them, then they are numbers', () => {
    const body = { lat: '39.9', lng: '-116.3', addr: 'x' };
    expect(readEasemobContent(stored({ type: 'loc', body, ext: {} })).body).toEqual({
      kind: 'loc',
      latitude: 39.9,
      longitude: -116.3,
      address: 'x',
    });
  });

  it('given a place without coordinates, then it is of an unknown kind with its fields', () => {
    const read = readEasemobContent(stored({ type: 'loc', body: { addr: 'x', lat: '' }, ext: {} }));
    expect(read.body).toEqual({ kind: 'unknown', type: 'loc', fields: { addr: 'x', lat: '' } });
  });

  it('given custom fields as a list of maps, then they are one map', () => {
    const body = { customEvent: 'gift', customExts: [{ a: '1' }, { b: '2' }, 3] };
    expect(readEasemobContent(stored({ type: 'custom', body, ext: {} })).body).toMatchObject({
      fields: { a: '1', b: '2' },
    });
  });

  it('given any bytes at all, then it is read without a fault', () => {
    const anything = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({
          type: fc.constantFrom(...samples.map(([type]) => type)),
          body: fc.jsonValue(),
          ext: fc.jsonValue(),
        })
        .map(stored),
    );
    fc.assert(
      fc.property(anything, (payload) => {
        const { bodies } = easemobBodies(readEasemobContent(payload));
        expect(bodies).toHaveLength(1);
      }),
    );
  });
});
