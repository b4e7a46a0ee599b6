import { describe, expect, it } from 'vitest';
import { createPasswords } from './passwords.js';

const cheap = { logN: 4, r: 8, p: 1 };
const passwords = createPasswords(cheap);

describe('passwords', () => {
  it('verifies the password that was hashed and no other', async () => {
    const hash = await passwords.hash('correct horse');

    expect(await passwords.verify('correct horse', hash)).toBe(true);
    expect(await passwords.verify('correct horsf', hash)).toBe(false);
    expect(await passwords.verify('', hash)).toBe(false);
  });

  it('reads the same password typed in another Unicode form', async () => {
    const hash = await passwords.hash('caf\u00e9');
    expect(await passwords.verify('cafe\u0301', hash)).toBe(true);
  });

  it('salts each hash and writes its cost into it', async () => {
    const hash = await passwords.hash('secret');
    expect(hash).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$/);
    expect(await passwords.hash('secret')).not.toBe(hash);
  });

  it('verifies a hash made at an earlier cost', async () => {
    const old = await createPasswords({ logN: 3, r: 4, p: 2 }).hash('secret');
    expect(await passwords.verify('secret', old)).toBe(true);
  });

  it('hashes at the stated default cost', async () => {
    const hash = await createPasswords().hash('secret');
    expect(hash).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
  });

  it('refuses any password for a user who is not there, at the cost of one who is', async () => {
    const dear = createPasswords({ logN: 15, r: 8, p: 1 });
    const cpuBefore = process.cpuUsage();
    expect(await dear.verify('secret', undefined)).toBe(false);
    const { user, system } = process.cpuUsage(cpuBefore);
    // 2^15 rounds take tens of milliseconds of processor time anywhere; skipping them takes none.
    expect(user + system).toBeGreaterThan(10_000);
  });

  it('throws on a damaged hash instead of refusing the user', async () => {
    await expect(passwords.verify('secret', '$2b$10$something')).rejects.toThrow(/damaged/);
  });
});
