import { describeErasure } from './support/erasure.js';
import { startServer, temporaryFolder } from './support/server.js';

describeErasure({
  name: 'SQLite',
  sealed: false,
  async start() {
    const folder = await temporaryFolder();
    const server = await startServer(folder.dir, { RECALLD_LOG_LEVEL: 'trace' });
    return {
      server,
      env: { RECALLD_DATA_DIR: folder.dir },
      folders: [folder.dir],
      flush: () => Promise.resolve(),
      async close() {
        await server.stop();
        await folder.remove();
      },
    };
  },
});
