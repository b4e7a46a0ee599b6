import { readEasemobContent } from '@recalld/adapters-http';
import {
  createContentDecoder,
  createMessageCodec,
  createMsyncServer,
  createUplink,
  readMsyncContent,
  readTencentContent,
} from '@recalld/adapters-msync';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';

/** The official SDKs' own protocol, and bodies of every format: who writes one knows how it is read. */
export const msync = new ContainerModule(({ bind }) => {
  bind(the.contentDecoder).toConstantValue(
    createContentDecoder({
      easemob: readEasemobContent,
      msync: readMsyncContent,
      tencent: readTencentContent,
    }),
  );
  bind(the.messageCodec).toResolvedValue((decoder) => createMessageCodec({ decoder }), [the.contentDecoder]);
  bind(the.uplink).toResolvedValue(
    (loop, storage, ids, clock, log, { messageRetentionMs }) =>
      createUplink({ loop, storage, ids, clock, log, settings: { messageRetentionMs } }),
    [the.commandLoop, the.storage, the.ids, the.clock, the.log, the.config],
  );
  bind(the.msync).toResolvedValue(
    (storage, tokens, codec, live, loop, uplink, ids, addressOf, clock, log, { connectionsMax }) =>
      createMsyncServer({
        storage,
        tokens,
        codec,
        live,
        loop,
        uplink,
        ids,
        addressOf,
        clock,
        log,
        node: storage.node,
        limits: { sessionsMax: connectionsMax },
      }),
    [
      the.storage,
      the.accessTokens,
      the.messageCodec,
      the.liveUpdates,
      the.commandLoop,
      the.uplink,
      the.ids,
      the.addressOf,
      the.clock,
      the.log,
      the.config,
    ],
  );
});
