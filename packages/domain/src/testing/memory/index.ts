export { createMemoryAttachmentBytes } from './attachments.js';
export { createMemorySignals } from './signals.js';
export { createMemoryStorage, memoryNode } from './storage.js';
export { createFixedClock, createSequentialIds, immediateTurn } from './time.js';
export type { FixedClock } from './time.js';
