export { readMsyncContent } from './content/decodeContent.js';
export { readTencentContent } from './content/readTencentContent.js';
export { createContentDecoder } from './contentDecoder.js';
export { createMessageCodec } from './messageCodec.js';
export { createMsyncServer } from './server.js';
export type { MsyncServer, MsyncServerDeps } from './server.js';
export { createUplink } from './up/uplink.js';
export type { Uplink, UplinkDeps } from './up/uplink.js';
