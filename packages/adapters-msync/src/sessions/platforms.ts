import type { Platform } from '@recalld/domain';

/** Of Provision.os_type; the web SDKs say 16, which stands for any other than the first ones. */
const platforms: Readonly<Record<number, Platform>> = {
  0: 'iOS',
  1: 'Android',
  3: 'Mac',
  4: 'Windows',
  16: 'Web',
};

export function platformOf(osType: number | null): Platform {
  return (osType === null ? undefined : platforms[osType]) ?? 'Unknown';
}
