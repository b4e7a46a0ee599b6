export { createAccessTokens } from './accessTokens.js';
export { createPasswords, defaultScryptCost } from './passwords.js';
export type { ScryptCost } from './passwords.js';
export { createSecretBox, SealBroken } from './secretBox.js';
export type { RotatingSecretBox } from './secretBox.js';
export { randomSecret, sameSecret } from './secrets.js';
