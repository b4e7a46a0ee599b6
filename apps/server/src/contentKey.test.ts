import { createSecretBox, SealBroken } from '@recalld/adapters-security';
import { createMemoryStorage } from '@recalld/domain/testing/memory';
import { describe, expect, it } from 'vitest';
import { loadContentKey } from './contentKey.js';

describe('the content key', () => {
  const box = createSecretBox('the secret key of the environment');

  it('race, several nodes start at once: all have the same 32 bytes', async () => {
    const { secrets } = createMemoryStorage();
    const keys = await Promise.all(Array.from({ length: 4 }, () => loadContentKey(secrets, box)));
    expect(keys[0]).toHaveLength(32);
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
  });

  it('given another database, then another key', async () => {
    const [one, other] = await Promise.all(
      [createMemoryStorage(), createMemoryStorage()].map(({ secrets }) => loadContentKey(secrets, box)),
    );
    expect(one).not.toEqual(other);
  });

  it('given another secret key, then nobody opens it', async () => {
    const { secrets } = createMemoryStorage();
    await loadContentKey(secrets, box);
    const stranger = createSecretBox('the secret key of another environment');
    await expect(loadContentKey(secrets, stranger)).rejects.toThrow(SealBroken);
  });
});
