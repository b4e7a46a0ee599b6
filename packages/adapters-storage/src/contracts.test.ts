import path from 'node:path';
import type { Clock } from '@recalld/domain';
import {
  createFixedClock,
  describeAttachmentBytes,
  describeDeliveryHistories,
  describeDeviceHistories,
  describeHistories,
  describeIdSource,
  describeStoragePorts,
  sampleInstant,
} from '@recalld/domain/testing';
import { createFileAttachmentBytes } from './attachments/fileAttachmentBytes.js';
import { openSqliteStorage } from './sqliteStorage.js';
import { temporaryFolder } from './testing/folders.js';

const storage = {
  make: async () => {
    const folder = temporaryFolder();
    const clock = createFixedClock(sampleInstant);
    const ports = await openSqliteStorage({ dataDir: folder.dir, clock });
    const close = async () => {
      await ports.close();
      folder.remove();
    };
    return { ports, close, pass: clock.advance };
  },
};

describeStoragePorts('sqlite', storage);
describeHistories('sqlite', storage, 15);
describeDeviceHistories('sqlite', storage, 20);
describeDeliveryHistories('sqlite', storage, 30);

describeAttachmentBytes('files', {
  make: async () => {
    const folder = temporaryFolder();
    return {
      bytes: createFileAttachmentBytes(path.join(folder.dir, 'files')),
      close: async () => folder.remove(),
    };
  },
});

async function openSource(dataDir: string, clock: Clock) {
  const { ids, close } = await openSqliteStorage({ dataDir, clock });
  return { ids, close };
}

let folder = temporaryFolder();
let last: Awaited<ReturnType<typeof openSource>> | undefined;

describeIdSource('sqlite', {
  make: async (clock) => {
    folder.remove();
    folder = temporaryFolder();
    last = await openSource(folder.dir, clock);
    return { ids: last.ids, close: async () => undefined };
  },
  restart: async (clock) => {
    await last?.close();
    return openSource(folder.dir, clock);
  },
});
