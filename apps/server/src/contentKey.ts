import { randomBytes } from 'node:crypto';
import type { SecretBox, Secrets } from '@recalld/domain';

const contentKeyName = 'content-key';

/**
 * The 32 bytes that the keys of bodies and files are wrapped under, kept sealed beside them: made by the
 * first node, the same for all. Without the secret key nobody opens it.
 * @throws SealBroken when it was sealed under a key that the box does not know.
 */
export async function loadContentKey(secrets: Secrets, box: SecretBox): Promise<Uint8Array> {
  const sealed =
    (await secrets.get(contentKeyName)) ??
    (await secrets.putIfAbsent(contentKeyName, box.seal(randomBytes(32).toString('base64url'))));
  return Buffer.from(box.open(sealed), 'base64url');
}
