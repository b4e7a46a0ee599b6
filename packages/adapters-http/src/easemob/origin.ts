import type { Origin } from '@recalld/domain';
import type { Call } from '../route.js';

/** Where a command of this contract comes from. */
export function restOrigin(call: Call): Origin {
  return { via: 'easemob', platform: 'RESTAPI', ip: call.ip };
}
