import { wire } from './descriptors.js';
import { decodeBytes } from './decodeBytes.js';
import { decoded, malformed } from './decoded.js';
import type { Decoded } from './decoded.js';
import type { Jid } from './jid.js';
import type { UpMeta } from './meta.js';
import { isId } from './text.js';

const operations = { join: 2, leave: 3 } as const;

/** What a client asks of a group or room: SDKs join and leave rooms this way. */
export interface MucRequest {
  readonly operation: 'join' | 'leave' | 'other';
  readonly chat: string;
  readonly isRoom: boolean;
}

/** MUCBody as it is on the wire. */
interface MucBody {
  readonly mucId?: Jid;
  readonly operation?: number;
  readonly isChatroom?: boolean;
}

/** Reads what came in the namespace `muc`. Never throws. */
export function decodeMucRequest({ payload }: Pick<UpMeta, 'payload'>): Decoded<MucRequest> {
  const read = decodeBytes<MucBody>(wire.mucBody, payload);
  if (!read.ok) return read;
  const { mucId, operation, isChatroom: isRoom = false } = read.value;
  if (mucId?.name === undefined) return malformed('missingField', 'muc_id');
  if (!isId(mucId.name)) return malformed('wrongField', 'muc_id');
  return decoded({ operation: nameOf(operation), chat: mucId.name, isRoom });
}

function nameOf(operation: number | undefined): MucRequest['operation'] {
  switch (operation) {
    case operations.join:
      return 'join';
    case operations.leave:
      return 'leave';
    default:
      return 'other';
  }
}
