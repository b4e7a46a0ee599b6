import { describeMainJob } from './support/mainJob.js';
import { startServer, temporaryFolder } from './support/server.js';

describeMainJob('SQLite', async () => {
  const folder = await temporaryFolder();
  const server = await startServer(folder.dir);
  return {
    server,
    async close() {
      await server.stop();
      await folder.remove();
    },
  };
});
