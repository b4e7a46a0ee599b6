import { isIPv4, isIPv6 } from 'node:net';

// Which addresses belong to the public internet, by IANA's special-purpose registries (RFC 6890 and
// its successors). IPv4 is a list of what is refused; IPv6 a list of what is allowed, less exceptions.

const refusedV4 = [
  '0.0.0.0/8', // this network, unspecified
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT; one cloud's metadata service
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // one cloud's host agent, reachable from its guests only
  '169.254.0.0/16', // link-local; metadata services
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; one cloud's metadata service
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
].map(rangeOf);

/** Global unicast; everything else in IPv6 is unspecified, loopback, private, link-local or multicast. */
const globalV6 = rangeOf('2000::/3');

const refusedV6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarks, identifiers
  '2001:db8::/32', // documentation
  '3fff::/20', // documentation
].map(rangeOf);

/** Prefixes whose addresses stand for an IPv4 address, and the bit at which that one starts. */
const embeddings = [
  { range: rangeOf('::ffff:0:0/96'), bit: 96 }, // IPv4-mapped
  { range: rangeOf('64:ff9b::/96'), bit: 96 }, // NAT64
  { range: rangeOf('2002::/16'), bit: 16 }, // 6to4
];

interface Range {
  readonly bits: number;
  readonly length: number;
  readonly prefix: bigint;
}

/** Whether an IPv4 or IPv6 address in text, without brackets, is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return isPublicV4(parseV4(address));
  if (!isIPv6(address) || address.includes('%')) return false;
  const value = parseV6(address);
  const embedded = embeddings.find(({ range }) => isWithin(value, range));
  if (embedded !== undefined) {
    return isPublicV4((value >> BigInt(128 - embedded.bit - 32)) & 0xffff_ffffn);
  }
  return isWithin(value, globalV6) && !refusedV6.some((range) => isWithin(value, range));
}

function isPublicV4(value: bigint): boolean {
  return !refusedV4.some((range) => isWithin(value, range));
}

function isWithin(value: bigint, { bits, length, prefix }: Range): boolean {
  return value >> BigInt(bits - length) === prefix;
}

function rangeOf(text: string): Range {
  const [address = '', length = ''] = text.split('/');
  const v4 = isIPv4(address);
  const bits = v4 ? 32 : 128;
  const value = v4 ? parseV4(address) : parseV6(address);
  return { bits, length: Number(length), prefix: value >> BigInt(bits - Number(length)) };
}

function parseV4(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** An address that {@link isIPv6} accepts, without a zone. */
function parseV6(address: string): bigint {
  const [head = '', tail] = withoutDots(address).split('::');
  const left = hextets(head);
  const right = hextets(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0n);
  return [...left, ...zeros, ...right].reduce((value, part) => (value << 16n) | part, 0n);
}

function hextets(text: string): readonly bigint[] {
  return text === '' ? [] : text.split(':').map((part) => BigInt(`0x${part}`));
}

/** Writes a trailing dotted quad as two hextets. */
function withoutDots(address: string): string {
  const start = address.lastIndexOf(':') + 1;
  const quad = address.slice(start);
  if (!isIPv4(quad)) return address;
  const value = parseV4(quad);
  return `${address.slice(0, start)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}
