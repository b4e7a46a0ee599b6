import { createEmbeddedSignals } from '@recalld/adapters-callbacks';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { noFeed } from '../feed.js';

/** Without a broker: whoever listens sits in this process, and nothing is published. */
export const embeddedSignals = new ContainerModule(({ bind }) => {
  bind(the.signals).toResolvedValue((log) => createEmbeddedSignals(log), [the.log]);
  bind(the.feed).toConstantValue(noFeed);
});
