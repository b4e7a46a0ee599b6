import { SealBroken } from '@recalld/adapters-security';
import {
  BackupRefused,
  DataDirInUse,
  NodesAtWork,
  SchemaTooNew,
  SchemaTooOld,
  UnsafeDatabase,
} from '@recalld/adapters-storage';
import { ConfigError } from './configValues.js';

const kinds = [
  ConfigError,
  BackupRefused,
  DataDirInUse,
  NodesAtWork,
  SchemaTooNew,
  SchemaTooOld,
  UnsafeDatabase,
  SealBroken,
];

/**
 * One line for the person who set the environment, the data folder and the database, when they are what is wrong;
 * undefined for every other fault.
 */
export function misconfigurationIn(fault: unknown): string | undefined {
  return kinds.some((kind) => fault instanceof kind) ? (fault as Error).message : undefined;
}
