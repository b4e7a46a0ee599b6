import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { addressKind, isWithin, parseAddress } from './addressKind.js';
import type { AddressRange } from './addressKind.js';

/** Where callbacks may go. */
export interface EgressOptions {
  /** Opens loopback, RFC 1918 and unique local addresses; nothing else that is not public. */
  readonly allowPrivate: boolean;
  /** Addresses and ranges (`10.1.0.0/16`, `fd00:1::/32`, `192.0.2.7`) that are open whatever they are. */
  readonly allowRanges: readonly string[];
  /**
   * Null: any host. Else only these: names (`api.example.com`), all names below one
   * (`*.example.com`) and literal addresses. What a listed name resolves to is still judged; a
   * literal address within `allowRanges` needs no entry.
   */
  readonly allowHosts: readonly string[] | null;
}

/** Why a callback may not go to a host. */
export type EgressRefusal = 'addressNotPublic' | 'hostNotListed';

/** The one judge of where callbacks may go: of a rule's URL, of each request, and of each connection. */
export interface Egress {
  /**
   * Judges the host of a parsed URL as far as its text says, or undefined. The URL parser has written
   * decimal, octal, hexadecimal and full-width forms of an address as a dotted quad.
   */
  hostRefusal(url: URL): EgressRefusal | undefined;
  /** Whether a connection may be made to an address that a name resolved to. */
  allowsAddress(address: string): boolean;
}

/** @throws for entries that {@link rangeRefusal} or {@link hostRefusal} refuse. */
export function createEgress({ allowPrivate, allowRanges, allowHosts }: EgressOptions): Egress {
  const ranges = allowRanges.map((text) => checked(text, parseRange(text)));
  const hosts = allowHosts?.map((text) => checked(text, parseHostPattern(text))) ?? null;

  function isInRanges(address: string): boolean {
    const parsed = parseAddress(address);
    return parsed !== undefined && ranges.some((range) => isWithin(parsed, range));
  }

  function allowsAddress(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed === undefined) return false;
    const kind = addressKind(parsed);
    return kind === 'public' || (kind === 'private' && allowPrivate) || isInRanges(address);
  }

  return {
    hostRefusal: (url) => {
      const host = bareHost(url);
      const isLiteral = parseAddress(host) !== undefined;
      const addresses = isLiteral ? [host] : isLocal(host) ? ['127.0.0.1', '::1'] : [];
      if (addresses.length > 0 && !addresses.some(allowsAddress)) return 'addressNotPublic';
      if (hosts === null || (isLiteral && isInRanges(host))) return undefined;
      return hosts.some((pattern) => matches(pattern, host)) ? undefined : 'hostNotListed';
    },
    allowsAddress,
  };
}

/** Says what is wrong with an address or a range of addresses, or undefined. */
export function rangeRefusal(text: string): string | undefined {
  return parseRange(text) === undefined
    ? 'a range is an address, or the first address of a range with its prefix length, such as 10.1.0.0/16'
    : undefined;
}

/** Says what is wrong with an entry of a list of hosts, or undefined. */
export function hostRefusal(text: string): string | undefined {
  return parseHostPattern(text) === undefined
    ? 'a host is a name such as api.example.com, an address, or *.example.com for all names below one'
    : undefined;
}

/** A mapped address is compared as the IPv4 address that it stands for, so no range of mapped ones is taken. */
function parseRange(text: string): AddressRange | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : 0;
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  if (bits === 0 || prefix > bits || rest.length > 0) return undefined;
  const first = ipaddr.parse(address);
  if (first instanceof ipaddr.IPv6 && first.isIPv4MappedAddress()) return undefined;
  const family = bits === 32 ? ipaddr.IPv4 : ipaddr.IPv6;
  const network = family.networkAddressFromCIDR(`${address}/${prefix}`);
  return network.toString() === first.toString() ? [first, prefix] : undefined;
}

interface HostPattern {
  readonly name: string;
  /** The names below it, not the name itself. */
  readonly below: boolean;
}

/** Names are compared as the URL parser writes them. */
function parseHostPattern(text: string): HostPattern | undefined {
  const below = text.startsWith('*.');
  const rest = below ? text.slice(2) : text;
  const href = `http://${isIPv6(rest) ? `[${rest}]` : rest}/`;
  if (/[\s\p{Cc}/\\?#@*,]/u.test(rest) || !URL.canParse(href)) return undefined;
  const url = new URL(href);
  const name = bareHost(url);
  const hasPort = /:\d*$/.test(rest) && !isIPv6(rest);
  if (name === '' || hasPort || (below && parseAddress(name) !== undefined)) return undefined;
  return { name, below };
}

function matches({ name, below }: HostPattern, host: string): boolean {
  return below ? host.endsWith(`.${name}`) : host === name;
}

/** A URL's host in one spelling, without the brackets of IPv6 and the dot of a complete name. */
function bareHost(url: URL): string {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '');
  return parseAddress(host)?.toString() ?? host;
}

/** Names of this machine, whatever the resolver says (RFC 6761). */
function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function checked<T>(text: string, parsed: T | undefined): T {
  if (parsed === undefined) throw new Error(`not a host or range that callbacks may go to: ${text}`);
  return parsed;
}
