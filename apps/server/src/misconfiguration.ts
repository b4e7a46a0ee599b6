import { SealBroken } from '@recalld/adapters-security';
import { DataDirInUse, SchemaTooNew, SchemaTooOld } from '@recalld/adapters-storage';
import { ConfigError } from './configValues.js';

const kinds = [ConfigError, DataDirInUse, SchemaTooNew, SchemaTooOld, SealBroken];

/**
 * One line for the person who set the environment and the data folder, when they are what is wrong;
 * undefined for every other fault.
 */
export function misconfigurationIn(fault: unknown): string | undefined {
  return kinds.some((kind) => fault instanceof kind) ? (fault as Error).message : undefined;
}
