export { createFileAttachmentBytes } from './attachments/fileAttachmentBytes.js';
export { DataDirInUse } from './engines/ownerLock.js';
export { SchemaTooNew } from './migrations/migrate.js';
export { databaseFileName, openSqliteStorage } from './sqliteStorage.js';
export type { SqliteStorage, SqliteStorageOptions } from './sqliteStorage.js';
