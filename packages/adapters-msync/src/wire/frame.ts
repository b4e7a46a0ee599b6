import { wire } from './descriptors.js';
import { decodeBytes } from './decodeBytes.js';
import { decoded, malformed } from './decoded.js';
import type { Decoded } from './decoded.js';
import type { Envelope } from './envelope.js';
import { commands } from './envelope.js';
import { readProvision } from './provision.js';
import type { UpProvision } from './provision.js';
import { readSync } from './sync.js';
import type { UpSync } from './sync.js';

/** What a client says. Every `unread` wants its answer: it is also the heartbeat. */
export type UpFrame =
  | { readonly command: 'provision'; readonly provision: UpProvision }
  | { readonly command: 'sync'; readonly sync: UpSync }
  | { readonly command: 'unread' | 'logout' };

/**
 * Reads one WebSocket message of a client. Never throws.
 * @param bytesMax of a longer one nothing is read, but which send it is: that can be answered.
 */
export function decodeFrame(bytes: Uint8Array, bytesMax: number): Decoded<UpFrame> {
  const envelope = decodeBytes<Envelope>(wire.msync, bytes);
  if (!envelope.ok) return envelope;
  const { command = commands.sync } = envelope.value;
  const isTooLong = bytes.length > bytesMax;
  if (isTooLong && command !== commands.sync) return malformed('tooLong');
  switch (command) {
    case commands.provision: {
      const provision = readProvision(envelope.value);
      return provision.ok ? decoded({ command: 'provision', provision: provision.value }) : provision;
    }
    case commands.sync: {
      const sync = readSync(envelope.value, isTooLong);
      return sync.ok ? decoded({ command: 'sync', sync: sync.value }) : sync;
    }
    case commands.unread:
      return decoded({ command: 'unread' });
    case commands.logout:
      return decoded({ command: 'logout' });
    default:
      return malformed('unknownCommand', 'command');
  }
}
