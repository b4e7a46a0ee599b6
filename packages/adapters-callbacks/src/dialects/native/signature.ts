import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';
const keyBytesMin = 24;
const keyBytesMax = 64;
const newKeyBytes = 32;

const secretFormat = `${prefix} and the base64 of ${keyBytesMin} to ${keyBytesMax} bytes`;

/** Whether a text is `whsec_` and the base64, padded, of 24 to 64 bytes: what Standard Webhooks asks for. */
export function isNativeSecret(text: string): boolean {
  return keyOf(text) !== undefined;
}

export function newNativeSecret(): string {
  return prefix + randomBytes(newKeyBytes).toString('base64');
}

/**
 * The `webhook-signature` of Standard Webhooks 1.0: one signature per secret, the current one first.
 * @throws when a secret is none of a native rule.
 */
export function signatureOf(secrets: readonly string[], signed: string): string {
  return secrets.map((secret) => signatureWith(secret, signed)).join(' ');
}

function signatureWith(secret: string, signed: string): string {
  const key = keyOf(secret);
  if (key === undefined) throw new Error(`the secret of a native rule is ${secretFormat}`);
  return `v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`;
}

/** Decoding skips what is not base64, so the text must be what its bytes encode to. */
function keyOf(secret: string): Buffer | undefined {
  if (!secret.startsWith(prefix)) return undefined;
  const text = secret.slice(prefix.length);
  const key = Buffer.from(text, 'base64');
  const fits = key.length >= keyBytesMin && key.length <= keyBytesMax;
  return fits && key.toString('base64') === text ? key : undefined;
}
