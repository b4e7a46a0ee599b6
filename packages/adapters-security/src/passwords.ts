import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { Passwords } from '@recalld/domain';
import { createGate } from './gate.js';

/** Cost of a hash: `2^logN` rounds over `128 * r * 2^logN` bytes, `p` times. */
export interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** 16 MiB a hash; the fifth of OWASP's equivalent settings for scrypt. */
export const defaultScryptCost: ScryptCost = { logN: 14, r: 8, p: 5 };

const saltBytes = 16;
const hashBytes = 32;
/** Hashing shares libuv's four threads with files and name look-ups: two stay free. */
const hashesAtOnce = 2;
const hashesWaitingMax = 2_048;
const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/;

interface ParsedHash {
  readonly cost: ScryptCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/**
 * Password hashes as text: `$scrypt$ln=14,r=8,p=5$SALT$HASH`, so that a later cost reads older ones.
 * `verify` throws when a stored text is not a hash, and both throw `Overloaded` when too many wait.
 */
export function createPasswords(cost: ScryptCost = defaultScryptCost): Passwords {
  const gate = createGate(hashesAtOnce, hashesWaitingMax);
  const nobody: ParsedHash = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) };
  const derived = (password: string, by: ScryptCost, salt: Buffer) =>
    gate.run(() => derive(password, by, salt));

  return {
    async hash(password) {
      const salt = randomBytes(saltBytes);
      const hash = await derived(password, cost, salt);
      const { logN, r, p } = cost;
      return `$scrypt$ln=${logN},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    },

    async verify(password, text) {
      const { cost: kept, salt, hash } = text === undefined ? nobody : parse(text);
      const same = timingSafeEqual(await derived(password, kept, salt), hash);
      return same && text !== undefined;
    },
  };
}

function parse(text: string): ParsedHash {
  const [, logN, r, p, salt, hash] = form.exec(text) ?? [];
  if (salt === undefined || hash === undefined) throw new Error('a stored password hash is damaged');
  return {
    cost: { logN: Number(logN), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  };
}

function derive(password: string, { logN, r, p }: ScryptCost, salt: Buffer): Promise<Buffer> {
  const N = 2 ** logN;
  // OpenSSL counts a little more than the table itself.
  const maxmem = 2 * 128 * N * r;
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, hashBytes, { N, r, p, maxmem }, (fault, hash) => {
      if (fault === null) resolve(hash);
      else reject(fault);
    });
  });
}
