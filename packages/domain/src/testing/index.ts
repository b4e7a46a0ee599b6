export * from './contracts/index.js';
export * from './given.js';
export * from './histories.js';
export * from './memory/index.js';
export * from './samples.js';
export * from './scriptedStore.js';
export * from './units.js';
export * from './world.js';
