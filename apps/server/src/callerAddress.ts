import type { IncomingMessage } from 'node:http';
import { isIP, SocketAddress } from 'node:net';
import { all, compile } from '@fastify/proxy-addr';

/** An IP address in one spelling; empty when the caller is gone already. */
export type AddressOf = (request: IncomingMessage) => string;

/**
 * Whom requests and upgrades come from: the connection's other end, or, while that is a trusted proxy, whoever
 * it says that it speaks for, the right-most address of X-Forwarded-For that is not a trusted proxy's.
 * What stands there and is no address, and everything left of it, is not believed: then it is the proxy that
 * passed it on. Never throws, whatever the header holds.
 * @param trustedProxies addresses and ranges (`10.0.0.0/8`, `::1`)
 * @throws for what is neither, and for ranges of all addresses
 */
export function createAddressOf(trustedProxies: readonly string[]): AddressOf {
  if (trustedProxies.length === 0) return (request) => unmapped(peerOf(request));
  const isInRanges = compile([...trustedProxies]);
  const isTrusted = (address: string, hop: number) => isAddress(address) && isInRanges(address, hop);
  return (request) => {
    const peer = peerOf(request);
    if (!isTrusted(peer, 0)) return unmapped(peer);
    // From the peer on, as far as each speaks for the next.
    const [last = peer, former = peer] = all(request, isTrusted).reverse();
    return spelled(isAddress(last) ? last : former);
  };
}

function peerOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? '';
}

/** The longest one is an IPv6 address that ends in the form of IPv4; a zone may be of any length. */
const addressCharsMax = 45;

function isAddress(text: string): boolean {
  return text.length <= addressCharsMax && isIP(text) !== 0;
}

/** IPv6 has many spellings, and zones that mean something to the machine alone that wrote them. */
function spelled(text: string): string {
  const [address = ''] = text.split('%', 1);
  return isIP(address) === 4 ? address : unmapped(new SocketAddress({ address, family: 'ipv6' }).address);
}

/** Without the prefix of an IPv4 address on an IPv6 socket. */
function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
