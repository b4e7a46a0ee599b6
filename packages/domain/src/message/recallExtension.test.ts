import { describe, expect, it } from 'vitest';
import type { ContentFormat } from './content.js';
import { recallContent, recallExtensionOf } from './recallExtension.js';

const bytes = (json: string) => Uint8Array.from(json, (char) => char.charCodeAt(0));

describe('the text that goes with a recall', () => {
  it.each([
    ['Latin letters', 'sent by mistake'],
    ['Chinese letters and an emoji', '寄错了 😅'],
    ['quotes, backslashes and line ends', 'a "b" \\ c\r\n\t\u0000'],
    ['half of a pair of surrogates', 'x\ud83dy'],
    ['JSON', '{"type":"recall","ext":"inner"}'],
    ['nothing', ''],
  ])('given %s, then it is read as it was given', (_, text) => {
    expect(recallExtensionOf(recallContent(text))).toBe(text);
  });

  it('is stored as JSON in the format that every reader knows', () => {
    expect(recallContent('oops')).toEqual({
      format: 'easemob',
      payload: bytes('{"type":"recall","ext":"oops"}'),
    });
  });

  it.each([
    ['a message', '{"type":"txt","body":{"msg":"hi"},"ext":"no recall"}'],
    ['a recall without a text', '{"type":"recall"}'],
    ['a recall with something else', '{"type":"recall","ext":{"a":1}}'],
    ['a text alone', '"recall"'],
    ['null', 'null'],
    ['what is no JSON', '{"type":"recall","ext":"oo'],
    ['what is no UTF-8', '\u00ff\u00fe'],
    ['no bytes', ''],
  ])('given %s, then there is none', (_, json) => {
    expect(recallExtensionOf({ format: 'easemob', payload: bytes(json) })).toBeUndefined();
  });

  it.each<ContentFormat>(['tencent', 'msync'])(
    'given a body in the format %s, then there is none',
    (format) => {
      expect(recallExtensionOf({ ...recallContent('oops'), format })).toBeUndefined();
    },
  );
});
