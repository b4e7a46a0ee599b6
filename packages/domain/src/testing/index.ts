export * from './contracts/index.js';
export * from './memory/index.js';
export * from './samples.js';
export * from './world.js';
