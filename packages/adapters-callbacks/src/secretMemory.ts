import type { SecretBox } from '@recalld/domain';

/**
 * Opens sealed secrets once each and remembers the last `max` of them: opening one costs more than
 * rendering a callback. What is sealed never changes, so nothing remembered grows old.
 */
export function rememberSecrets(box: Pick<SecretBox, 'open'>, max: number): (sealed: string) => string {
  const opened = new Map<string, string>();
  return (sealed) => {
    const known = opened.get(sealed);
    const secret = known ?? box.open(sealed);
    opened.delete(sealed);
    opened.set(sealed, secret);
    if (opened.size > max) {
      const [oldest] = opened.keys();
      if (oldest !== undefined) opened.delete(oldest);
    }
    return secret;
  };
}
