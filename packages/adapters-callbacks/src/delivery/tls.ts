import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { limits } from '@recalld/domain';
import type { RuleTls } from '@recalld/domain';
import { PlainFailure } from './failureText.js';

/** What an owner gives for a rule's TLS, PEM. */
export interface RuleTlsTexts {
  /** One or more certificates of authorities. */
  readonly ca: string | null;
  /** The certificate, and the ones between it and its authority if there are any. */
  readonly clientCertificate: string | null;
  /** Its private key, not encrypted. */
  readonly clientKey: string | null;
}

/**
 * One sentence without a full stop that says why a rule cannot have this TLS, or undefined. A
 * certificate that has expired is no reason: whether it still counts is the receiver's to say.
 */
export function checkRuleTls({ ca, clientCertificate, clientKey }: RuleTlsTexts): string | undefined {
  const texts = { ca, client_certificate: clientCertificate, client_key: clientKey };
  for (const [name, text] of Object.entries(texts)) {
    if (text !== null && text.length > limits.callbackPemCharsMax) {
      return `${name} must have at most ${limits.callbackPemCharsMax} characters`;
    }
  }
  if ((clientCertificate === null) !== (clientKey === null)) {
    return 'client_certificate and client_key must come together';
  }
  if (ca !== null && parseCertificates(ca) === undefined) {
    return 'ca must be one or more certificates in PEM and nothing else';
  }
  const pair = clientCertificate === null || clientKey === null ? null : { clientCertificate, clientKey };
  return (pair && wrongPair(pair)) ?? unusable({ ca, ...(pair ?? {}) });
}

interface Pair {
  readonly clientCertificate: string;
  readonly clientKey: string;
}

function wrongPair({ clientCertificate, clientKey }: Pair): string | undefined {
  const [certificate] = parseCertificates(clientCertificate) ?? [];
  if (certificate === undefined) return 'client_certificate must be one or more certificates in PEM';
  const key = parseKey(clientKey);
  if (key === undefined) return 'client_key must be one private key in PEM that is not encrypted';
  return certificate.checkPrivateKey(key) ? undefined : 'client_key is not the key of client_certificate';
}

/** OpenSSL has the last word, on keys that are too weak among other things. */
function unusable({ ca, clientCertificate, clientKey }: Partial<RuleTlsTexts>): string | undefined {
  try {
    contextOf(ca ?? null, clientCertificate ?? null, clientKey ?? null);
    return undefined;
  } catch {
    return 'the certificates or the key are of a kind that cannot be used';
  }
}

const certificatePem = /-----BEGIN CERTIFICATE-----[\s\w+/=]+-----END CERTIFICATE-----/g;

function parseCertificates(text: string): readonly X509Certificate[] | undefined {
  const blocks = text.match(certificatePem) ?? [];
  const others = text.replace(certificatePem, '');
  if (blocks.length === 0 || others.includes('-----')) return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function parseKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

/**
 * What a connection proves and believes.
 * @throws PlainFailure when the key cannot be opened, or OpenSSL takes none of it.
 */
export function secureContextOf(tls: RuleTls | null, openSecret: (sealed: string) => string): SecureContext {
  try {
    const { ca, client } = tls ?? { ca: null, client: null };
    return contextOf(ca, client?.certificate ?? null, client === null ? null : openSecret(client.sealedKey));
  } catch {
    throw new PlainFailure("the rule's own TLS certificates or key cannot be used");
  }
}

function contextOf(ca: string | null, cert: string | null, key: string | null): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    // A private authority may be one below another that is not known here.
    ...(ca === null ? {} : { ca, allowPartialTrustChain: true }),
    ...(cert === null || key === null ? {} : { cert, key }),
  });
}
