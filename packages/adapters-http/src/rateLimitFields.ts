import type { RateLimitName } from '@recalld/domain';

/** A limit as the management API and /openapi.json call it: `recalls_per_second`. */
export function rateLimitField(name: RateLimitName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
