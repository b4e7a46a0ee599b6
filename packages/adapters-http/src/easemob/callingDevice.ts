import type { DeviceId } from '@recalld/domain';
import type { Call, JsonSchema } from '../route.js';
import { queryText } from '../route.js';
import { isDeviceId } from '../server/text.js';

/** How the SDKs say which device asks (msync). */
export const deviceQuery: Readonly<Record<'resource', JsonSchema>> = {
  resource: { type: 'string', description: 'The acting device; the others are told.' },
};

/** The device that asks, as far as the caller says so. */
export function callingDevice(call: Call): DeviceId | null {
  const resource = queryText(call, 'resource');
  return isDeviceId(resource) ? resource : null;
}

/** Whose deed a call is: the user's whose token it shows, or else the app's. */
export function actorOf({ principal }: Call): string {
  return principal.kind === 'user' ? principal.user : 'admin';
}
