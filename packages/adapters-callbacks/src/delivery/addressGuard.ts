import { lookup as resolveName } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { limits } from '@recalld/domain';
import type { CallbackUrls } from '@recalld/domain';
import { isPublicAddress } from './publicAddress.js';

export interface AddressGuardOptions {
  /** Lets callbacks go to loopback and private addresses: tests, local development. */
  readonly allowPrivate: boolean;
}

/** A callback would have gone to an address that is not one of the public internet. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** All addresses of a host name. @throws the resolver's own error when there is none. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** What may be the URL of a callback rule (operations: "Callback rules and deliveries"). */
export function createCallbackUrls({ allowPrivate }: AddressGuardOptions): CallbackUrls {
  return {
    refusal: (text) => {
      if (text.length > limits.callbackUrlCharsMax) {
        return `url must have at most ${limits.callbackUrlCharsMax} characters`;
      }
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url === undefined || !['http:', 'https:'].includes(url.protocol) || hasBlanks(text)) {
        return 'url must be a complete http or https URL';
      }
      if (url.username !== '' || url.password !== '') return 'url must not have a user name or password';
      if (!allowPrivate && !mayBePublic(url)) {
        return 'url must not point at a private, loopback, link-local or otherwise special address';
      }
      return undefined;
    },
  };
}

/**
 * Whether a URL's host may be public as far as its text says; a name is judged again by what it
 * resolves to. The URL parser has written decimal, octal and hexadecimal forms as dotted quads.
 */
export function mayBePublic(url: URL): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) return isPublicAddress(host);
  const name = host.replace(/\.$/, '');
  return name !== 'localhost' && !name.endsWith('.localhost');
}

/** The URL parser drops control characters and outer blanks silently; a rule's URL is taken as it stands. */
function hasBlanks(text: string): boolean {
  return /[\s\p{Cc}]/u.test(text);
}

/**
 * A connection's look-up that refuses a name when any of its addresses is not public, on every
 * connect: what a name meant when the rule was made counts for nothing. A name that is being resolved
 * already is not asked for twice, so that one slow name server holds one of the resolver's threads.
 */
export function createGuardedLookup(
  { allowPrivate }: AddressGuardOptions,
  resolve: Resolve = (hostname) => resolveName(hostname, { all: true }),
): LookupFunction {
  const underway = new Map<string, Promise<readonly LookupAddress[]>>();

  function resolveOnce(hostname: string): Promise<readonly LookupAddress[]> {
    const known = underway.get(hostname);
    if (known !== undefined) return known;
    const answer = resolve(hostname).finally(() => underway.delete(hostname));
    underway.set(hostname, answer);
    return answer;
  }

  async function allowedAddresses(hostname: string): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
    const [first, ...rest] = await resolveOnce(hostname);
    if (first === undefined) throw new Error(`${hostname} resolves to no address`);
    const addresses = [first, ...rest] as const;
    if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address))) {
      throw new AddressRefused(`${hostname} resolves to an address that is not public`);
    }
    return addresses;
  }

  return (hostname, { all }, callback) => {
    // In a later tick: what the connection throws from its callback is not a failed look-up.
    allowedAddresses(hostname).then(
      ([first, ...rest]) =>
        process.nextTick(() =>
          all === true ? callback(null, [first, ...rest]) : callback(null, first.address, first.family),
        ),
      (err: NodeJS.ErrnoException) => process.nextTick(() => callback(err, all === true ? [] : '')),
    );
  };
}
