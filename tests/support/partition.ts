import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** A network of its own for processes of this machine, with two ways to the rest of it. */
export interface Partition {
  /** Where processes in it reach this one's servers, as long as that way is open. */
  readonly serversHost: string;
  /** Where processes in it are reached, always. */
  readonly ownHost: string;
  /** Put before a command: it runs in this network. */
  readonly prefix: readonly string[];
  /** Every packet to the servers is lost from now on, and none comes back. */
  lose(): void;
  restore(): void;
  remove(): void;
}

/**
 * Makes one with the kernel's own means; undefined where this user may not, or the machine has none.
 * Two pairs of interfaces lead into it: one for the servers that it needs, one for who calls it.
 */
export function openPartition(): Partition | undefined {
  const tag = randomBytes(3).toString('hex');
  const name = `recalld-${tag}`;
  // Of the addresses that are set aside for tests of networks.
  const net = `198.18.${randomBytes(1)[0] ?? 0}`;
  const remove = () => void ip('netns', 'del', name);
  if (!ip('netns', 'add', name)) return undefined;
  const pair = (outside: string, inside: string, here: string, there: string) =>
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name) &&
    ip('addr', 'add', `${here}/30`, 'dev', outside) &&
    ip('-n', name, 'addr', 'add', `${there}/30`, 'dev', inside) &&
    ip('link', 'set', outside, 'up') &&
    ip('-n', name, 'link', 'set', inside, 'up');
  const servers = `rs${tag}`;
  const made =
    ip('-n', name, 'link', 'set', 'lo', 'up') &&
    pair(servers, 'servers', `${net}.1`, `${net}.2`) &&
    pair(`rc${tag}`, 'callers', `${net}.5`, `${net}.6`);
  if (!made) {
    remove();
    return undefined;
  }
  return {
    serversHost: `${net}.1`,
    ownHost: `${net}.6`,
    prefix: ['ip', 'netns', 'exec', name],
    lose: () => void ip('link', 'set', servers, 'down'),
    restore: () => void ip('link', 'set', servers, 'up'),
    remove,
  };
}

function ip(...args: readonly string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0;
}
