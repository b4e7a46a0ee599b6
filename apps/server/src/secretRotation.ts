import type { RotatingSecretBox } from '@recalld/adapters-security';
import type { Log, SealedSecrets } from '@recalld/domain';
import { removeKeyFile } from './secretKey.js';
import type { SecretKeys } from './secretKey.js';

export interface SecretRotationDeps {
  readonly keys: SecretKeys;
  readonly box: RotatingSecretBox;
  readonly sealed: SealedSecrets;
  readonly log: Log;
}

/**
 * Seals every stored secret under the present key, in one transaction, so that the previous one is not
 * needed after this start. Cut off anywhere, the next start does the same again.
 * @throws SealBroken when no key opens one of them; then nothing changed.
 */
export async function rotateSecrets({ keys, box, sealed, log }: SecretRotationDeps): Promise<void> {
  const previousKeys = new Set<string>();
  const resealed = await sealed.replace((each) => {
    const again = box.reseal(each);
    if (again !== undefined) previousKeys.add(again.previousKey);
    return again?.sealed;
  });
  if (resealed > 0) {
    log.info({ resealed }, 'stored secrets are sealed under the present key; no earlier key is needed');
  }
  const { replaced } = keys;
  if (replaced === undefined) return;
  const { file, key } = replaced;
  if (previousKeys.has(key)) {
    removeKeyFile(file);
    return;
  }
  // Nothing here was sealed under it: it may belong to another database, so a person decides.
  log.warn({ file }, 'no secret here is sealed under this kept key; remove it if no other database needs it');
}
