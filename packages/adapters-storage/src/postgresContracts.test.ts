import {
  createFixedClock,
  describeAttachmentBytes,
  describeDeliveryHistories,
  describeHistories,
  describeStoragePorts,
  sampleInstant,
} from '@recalld/domain/testing';
import { describe } from 'vitest';
import { postgresAvailable } from './testing/postgres.js';
import { openTestStorage } from './testing/postgresStorage.js';

const storage = {
  make: async () => {
    const clock = createFixedClock(sampleInstant);
    const { storage: ports, remove } = await openTestStorage({ systemClock: clock });
    return { ports, close: remove, pass: clock.advance };
  },
};

describe.skipIf(!postgresAvailable)('PostgreSQL', () => {
  describeStoragePorts('postgres', storage);
  describeHistories('postgres', storage, 10);
  describeDeliveryHistories('postgres', storage, 10);

  describeAttachmentBytes('postgres', {
    make: async () => {
      const { storage: opened, remove } = await openTestStorage();
      return { bytes: opened.attachmentBytes, close: remove };
    },
  });
});
