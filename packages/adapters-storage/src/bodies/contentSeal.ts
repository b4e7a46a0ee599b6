import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { assert } from '@recalld/domain';

/** A key of one piece of content: it never leaves the process but wrapped. */
export interface ContentKey {
  readonly key: Uint8Array;
  /** The key under the content key; 40 bytes. */
  readonly wrapped: Uint8Array;
}

/** A piece of content as it is stored. */
export interface Sealed {
  readonly sealed: Uint8Array;
  readonly wrapped: Uint8Array;
}

/**
 * Encrypts content, each piece under a key of its own: whoever deletes the wrapped key erases the
 * piece. `place` says where it belongs, and opens nothing that lies elsewhere.
 */
export interface ContentSeal {
  /** 16 bytes more than came. */
  seal(content: Uint8Array, place: string): Sealed;
  /** @throws when the key, the bytes or the place are others. */
  open(stored: Sealed, place: string): Uint8Array;
  newKey(): ContentKey;
  /** @throws when it was wrapped under another content key. */
  unwrap(wrapped: Uint8Array): Uint8Array;
}

const keyBytes = 32;
const tagBytes = 16;
const cipher = 'aes-256-gcm';
/** RFC 3394. It takes no random number: any count of keys may be wrapped under one. */
const wrapping = 'id-aes256-wrap';
const wrappingIv = Buffer.alloc(8, 0xa6);

/** @param contentKey 32 bytes; every key is wrapped under it */
export function createContentSeal(contentKey: Uint8Array): ContentSeal {
  assert(contentKey.byteLength === keyBytes, 'a content key has 32 bytes');
  const random = randomInBlocks();

  function newKey(): ContentKey {
    const key = random(keyBytes);
    const wrap = createCipheriv(wrapping, contentKey, wrappingIv);
    return { key, wrapped: Buffer.concat([wrap.update(key), wrap.final()]) };
  }

  function unwrap(wrapped: Uint8Array): Uint8Array {
    const wrap = createDecipheriv(wrapping, contentKey, wrappingIv);
    return Buffer.concat([wrap.update(wrapped), wrap.final()]);
  }

  return {
    newKey,
    unwrap,
    seal(content, place) {
      const { key, wrapped } = newKey();
      return { sealed: encrypt(key, 0, content, place), wrapped };
    },
    open: ({ sealed, wrapped }, place) => decrypt(unwrap(wrapped), 0, sealed, place),
  };
}

/** Encrypts the nth part of what a key is for; one number is never used for two parts. */
export function encrypt(key: Uint8Array, n: number, content: Uint8Array, place: string): Uint8Array {
  const gcm = createCipheriv(cipher, key, ivOf(n));
  gcm.setAAD(Buffer.from(place));
  return Buffer.concat([gcm.update(content), gcm.final(), gcm.getAuthTag()]);
}

/** @throws when the key, the number, the bytes or the place are others. */
export function decrypt(key: Uint8Array, n: number, sealed: Uint8Array, place: string): Uint8Array {
  const gcm = createDecipheriv(cipher, key, ivOf(n), { authTagLength: tagBytes });
  const end = sealed.byteLength - tagBytes;
  gcm.setAAD(Buffer.from(place));
  gcm.setAuthTag(sealed.subarray(end));
  const content = Buffer.concat([gcm.update(sealed.subarray(0, end)), gcm.final()]);
  return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
}

/** A key is used once for each number: what is unique need not be random. */
function ivOf(n: number): Uint8Array {
  const iv = Buffer.alloc(12);
  iv.writeUIntBE(n, 6, 6);
  return iv;
}

/** One system call for many keys. What was handed out is not kept here. */
function randomInBlocks(): (count: number) => Uint8Array {
  const block = Buffer.alloc(256 * keyBytes);
  let used = block.byteLength;
  return (count) => {
    if (used + count > block.byteLength) {
      randomFillSync(block);
      used = 0;
    }
    const taken = Buffer.from(block.subarray(used, used + count));
    block.fill(0, used, used + count);
    used += count;
    return taken;
  };
}
