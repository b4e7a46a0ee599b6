import {
  describeAttachmentBytes,
  describeDeliveryHistories,
  describeDeviceHistories,
  describeIdSource,
  describeSignals,
  describeStoragePorts,
} from '../contracts/index.js';
import {
  createFixedClock,
  createMemoryAttachmentBytes,
  createMemorySignals,
  createMemoryStorage,
  createSequentialIds,
  memoryNode,
} from './index.js';
import { sampleInstant } from './time.js';

// The fakes keep every promise of the ports, or tests on them prove nothing.

const close = () => Promise.resolve();

const storage = {
  make: async () => {
    const clock = createFixedClock(sampleInstant);
    return { ports: createMemoryStorage(clock, (node) => node === memoryNode), close, pass: clock.advance };
  },
};

describeDeviceHistories('memory', storage, 200);
describeDeliveryHistories('memory', storage, 300);
describeStoragePorts('memory', storage);
describeAttachmentBytes('memory', { make: async () => ({ bytes: createMemoryAttachmentBytes(), close }) });
describeIdSource('sequential', { make: async (clock) => ({ ids: createSequentialIds(clock), close }) });
describeSignals('memory', { make: async () => ({ signals: createMemorySignals(), close }) });
