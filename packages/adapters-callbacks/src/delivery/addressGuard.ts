import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { limits } from '@recalld/domain';
import type { CallbackUrls } from '@recalld/domain';
import type { Egress, EgressRefusal } from './egress.js';
import { PlainFailure } from './failureText.js';
import type { Resolve } from './resolve.js';

const urlTexts: Readonly<Record<EgressRefusal, string>> = {
  addressNotPublic: 'url must not point at a private, loopback, link-local or otherwise special address',
  hostNotListed: 'url must point at a host that callbacks of this server may go to',
};

const requestTexts: Readonly<Record<EgressRefusal, string>> = {
  addressNotPublic: 'the address is not public',
  hostNotListed: 'the host is none that callbacks may go to',
};

/** What may be the URL of a callback rule (operations: "Callback rules and deliveries"). */
export function createCallbackUrls(egress: Egress): CallbackUrls {
  return {
    refusal: (text) => {
      if (text.length > limits.callbackUrlCharsMax) {
        return `url must have at most ${limits.callbackUrlCharsMax} characters`;
      }
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url === undefined || !isComplete(text) || hasBlanks(text) || url.port === '0') {
        return 'url must be a complete http or https URL';
      }
      if (url.username !== '' || url.password !== '') return 'url must not have a user name or password';
      const refusal = egress.hostRefusal(url);
      return refusal === undefined ? undefined : urlTexts[refusal];
    },
  };
}

/** The URL parser takes `http:host` and backslashes too; whoever reads the rule may not. */
function isComplete(text: string): boolean {
  return /^https?:\/\/[^/\\]/i.test(text);
}

/** The URL parser drops control characters and outer blanks silently; a rule's URL is taken as it stands. */
function hasBlanks(text: string): boolean {
  return /[\s\p{Cc}]/u.test(text);
}

/**
 * A literal address is never looked up, so the guard of the look-up does not see it; and what callbacks
 * may reach may have changed since the rule was made.
 * @throws PlainFailure when a request may not go to this URL's host.
 */
export function assertMayReach(egress: Egress, url: URL): void {
  const refusal = egress.hostRefusal(url);
  if (refusal !== undefined) throw new PlainFailure(requestTexts[refusal]);
}

/**
 * A connection's look-up that refuses a name when any of its addresses is refused, on every connect:
 * what a name meant when the rule was made counts for nothing, and the connection goes to the very
 * addresses that were judged.
 */
export function createGuardedLookup(egress: Egress, resolve: Resolve): LookupFunction {
  async function allowedAddresses(hostname: string): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
    const [first, ...rest] = await resolve(hostname);
    if (first === undefined) throw new PlainFailure('the host name resolves to no address');
    const addresses = [first, ...rest] as const;
    if (!addresses.every(({ address }) => egress.allowsAddress(address))) {
      throw new PlainFailure(requestTexts.addressNotPublic);
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
