export { createMessageCodec } from './messageCodec.js';
