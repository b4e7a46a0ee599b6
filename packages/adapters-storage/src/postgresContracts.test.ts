import { setTimeout as delay } from 'node:timers/promises';
import {
  createFixedClock,
  describeAttachmentBytes,
  describeDeliveryHistories,
  describeDeviceHistories,
  describeHistories,
  describeStoragePorts,
  sampleInstant,
} from '@recalld/domain/testing';
import { describe } from 'vitest';
import { postgresAvailable } from './testing/postgres.js';
import { openTestStorage } from './testing/postgresStorage.js';

const storage = {
  make: async () => {
    const { storage: ports, remove } = await openTestStorage({
      systemClock: createFixedClock(sampleInstant),
    });
    // Its time is the database's own.
    return { ports, close: remove, pass: (ms: number) => delay(ms) };
  },
};

describe.skipIf(!postgresAvailable)('PostgreSQL', () => {
  describeStoragePorts('postgres', storage);
  describeHistories('postgres', storage, 10);
  describeDeviceHistories('postgres', storage, 8);
  describeDeliveryHistories('postgres', storage, 10);

  describeAttachmentBytes('postgres', {
    make: async () => {
      const { storage: opened, remove } = await openTestStorage();
      return { bytes: opened.attachmentBytes, close: remove };
    },
  });
});
