import type { Log } from '@recalld/domain';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { createAddressOf } from '../callerAddress.js';
import type { Config } from '../config.js';

/** What depends on nothing else. */
export function foundation(config: Config, log: Log): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(the.config).toConstantValue(config);
    bind(the.log).toConstantValue(log);
    bind(the.addressOf).toConstantValue(createAddressOf(config.trustedProxies));
  });
}
