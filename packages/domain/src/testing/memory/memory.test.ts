import {
  describeAttachmentBytes,
  describeDeliveryHistories,
  describeIdSource,
  describeSignals,
  describeStoragePorts,
} from '../contracts/index.js';
import {
  createMemoryAttachmentBytes,
  createMemorySignals,
  createMemoryStorage,
  createSequentialIds,
} from './index.js';

// The fakes keep every promise of the ports, or tests on them prove nothing.

const close = () => Promise.resolve();

describeDeliveryHistories('memory', { make: async () => ({ ports: createMemoryStorage(), close }) }, 300);
describeStoragePorts('memory', { make: async () => ({ ports: createMemoryStorage(), close }) });
describeAttachmentBytes('memory', { make: async () => ({ bytes: createMemoryAttachmentBytes(), close }) });
describeIdSource('sequential', { make: async (clock) => ({ ids: createSequentialIds(clock), close }) });
describeSignals('memory', { make: async () => ({ signals: createMemorySignals(), close }) });
