export { readMsyncContent } from './content/decodeContent.js';
export { readTencentContent } from './content/readTencentContent.js';
export { createContentDecoder } from './contentDecoder.js';
export { createMessageCodec } from './messageCodec.js';
