export * from './app.js';
export * from './deps.js';
export * from './route.js';
export { easemobApi } from './easemob/api.js';
