import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

// What an address is good for, by IANA's special-purpose registries (RFC 6890 and its successors).
// IPv4 is a list of what is not public; IPv6 a list of what is, less exceptions.

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type AddressRange = readonly [Address, number];

/**
 * `public`: of the public internet. `private`: loopback, RFC 1918 or unique local, which an operator
 * may open as a whole. `special`: anything else, metadata services among them.
 */
export type AddressKind = 'public' | 'private' | 'special';

const privateRanges = [
  '10.0.0.0/8',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
].map(ipaddr.parseCIDR);

const specialRanges = [
  '0.0.0.0/8', // this network, unspecified
  '100.64.0.0/10', // carrier-grade NAT; one cloud's metadata service
  '168.63.129.16/32', // one cloud's host agent, reachable from its guests only
  '169.254.0.0/16', // link-local; metadata services
  '192.0.0.0/24', // protocol assignments; one cloud's metadata service
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '2001::/23', // protocol assignments: Teredo, benchmarks, identifiers
  '2001:db8::/32', // documentation
  '3fff::/20', // documentation
  // Metadata services within the unique local range.
  'fd00:42::42/128',
  'fd00:c1::a9fe:a9fe/128',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
].map(ipaddr.parseCIDR);

/** Everything else in IPv6 is unspecified, link-local, multicast or for use inside one network. */
const globalUnicast = ipaddr.parseCIDR('2000::/3');

const nat64 = ipaddr.parseCIDR('64:ff9b::/96');
const sixToFour = ipaddr.parseCIDR('2002::/16');

/**
 * An IPv4 or IPv6 address in text, without brackets; an IPv4-mapped one is the IPv4 address that it
 * stands for. Undefined for anything else, and for one with a scope, which only this machine understands.
 */
export function parseAddress(text: string): Address | undefined {
  return isIP(text) === 0 || text.includes('%') ? undefined : ipaddr.process(text);
}

export function isWithin(address: Address, range: AddressRange): boolean {
  return address.kind() === range[0].kind() && address.match(range[0], range[1]);
}

export function addressKind(address: Address): AddressKind {
  const within = (range: AddressRange) => isWithin(address, range);
  if (specialRanges.some(within)) return 'special';
  if (privateRanges.some(within)) return 'private';
  if (address.kind() === 'ipv4') return 'public';
  if (!within(globalUnicast) && !within(nat64)) return 'special';
  return embedded(address).every((inner) => addressKind(inner) === 'public') ? 'public' : 'special';
}

/** The IPv4 addresses that packets to an IPv6 address may end at. */
function embedded(address: Address): readonly Address[] {
  const bytes = address.toByteArray();
  // ISATAP: the interface half is 0000:5efe or 0200:5efe and the address.
  const isIsatap = [0, 2].includes(bytes[8] ?? -1) && bytes.slice(9, 12).join() === [0, 0x5e, 0xfe].join();
  const starts = [
    ...(isIsatap || isWithin(address, nat64) ? [12] : []),
    ...(isWithin(address, sixToFour) ? [2] : []),
  ];
  return starts.map((start) => ipaddr.fromByteArray(bytes.slice(start, start + 4)));
}
