export { createFileAttachmentBytes } from './attachments/fileAttachmentBytes.js';
export { DataDirInUse } from './engines/ownerLock.js';
export { SchemaTooNew, SchemaTooOld } from './migrations/migrate.js';
export { openSqliteForReading } from './sqliteReading.js';
export type { SqliteReading, SqliteReadingOptions } from './sqliteReading.js';
export { databaseFileName, openSqliteStorage } from './sqliteStorage.js';
export type { SqliteStorage, SqliteStorageOptions } from './sqliteStorage.js';
