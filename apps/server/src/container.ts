import 'reflect-metadata';
import os from 'node:os';
import path from 'node:path';
import {
  createCallbackRequests,
  createCallbackSender,
  createCallbackUrls,
  createDeliveryWorker,
  createEmbeddedSignals,
  planDeliveries,
} from '@recalld/adapters-callbacks';
import { createMetrics, meteredLoop } from '@recalld/adapters-http';
import { createMessageCodec } from '@recalld/adapters-msync';
import { createAccessTokens, createPasswords, createSecretBox, sameSecret } from '@recalld/adapters-security';
import { createFileAttachmentBytes, openSqliteStorage } from '@recalld/adapters-storage';
import type { Log } from '@recalld/domain';
import { Container, ContainerModule } from 'inversify';
import { createHttp } from './http.js';
import { bindings as the } from './bindings.js';
import type { Config } from './config.js';
import { firstStart } from './firstStart.js';
import { createLoop } from './loop.js';
import { loadSecretKey } from './secretKey.js';
import { createServer } from './server.js';
import { version } from './version.js';
import { createWorkers } from './workers.js';

// The only place that picks adapters. Everything is a singleton, resolved once at boot.

function foundation(config: Config, log: Log): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(the.config).toConstantValue(config);
    bind(the.log).toConstantValue(log);
    bind(the.clock).toConstantValue({ now: () => Date.now() });
  });
}

const security = new ContainerModule(({ bind }) => {
  bind(the.secretBox).toResolvedValue(
    ({ dataDir, secretKey }) => createSecretBox(loadSecretKey(dataDir, secretKey)),
    [the.config],
  );
  bind(the.passwords).toResolvedValue(() => createPasswords());
  bind(the.accessTokens).toResolvedValue((box) => createAccessTokens(box), [the.secretBox]);
});

/** The embedded default: SQLite and files in the data folder. */
const embeddedStorage = new ContainerModule(({ bind }) => {
  bind(the.storage).toResolvedValue(
    ({ dataDir, databasePath }, clock, log) => openSqliteStorage({ dataDir, databasePath, clock, log }),
    [the.config, the.clock, the.log],
  );
  bind(the.ids).toResolvedValue(({ ids }) => ids, [the.storage]);
  bind(the.attachmentBytes).toResolvedValue(
    ({ dataDir }) => createFileAttachmentBytes(path.join(dataDir, 'attachments')),
    [the.config],
  );
});

/** One node: whoever listens sits in this process. */
const embeddedSignals = new ContainerModule(({ bind }) => {
  bind(the.signals).toResolvedValue((log) => createEmbeddedSignals(log), [the.log]);
});

const commands = new ContainerModule(({ bind }) => {
  bind(the.commandLoop).toResolvedValue(
    (storage, plan, ids, signals, metrics) => meteredLoop(createLoop(storage, plan, ids, signals), metrics),
    [the.storage, the.planDeliveries, the.ids, the.signals, the.metrics],
  );
  bind(the.workers).toResolvedValue(
    (storage, bytes, loop, clock, signals, log, { attachmentRetentionMs }) =>
      createWorkers({ storage, bytes, loop, clock, signals, log, attachmentRetentionMs }),
    [the.storage, the.attachmentBytes, the.commandLoop, the.clock, the.signals, the.log, the.config],
  );
  bind(the.firstStart).toResolvedValue(
    (config, { apps, secrets }, box, clock) => firstStart({ config, apps, secrets, box, clock }),
    [the.config, the.storage, the.secretBox, the.clock],
  );
});

const callbacks = new ContainerModule(({ bind }) => {
  bind(the.planDeliveries).toResolvedValue(() => planDeliveries());
  bind(the.callbackUrls).toResolvedValue(
    ({ callbackAllowPrivate: allowPrivate }) => createCallbackUrls({ allowPrivate }),
    [the.config],
  );
  bind(the.callbackRequests).toResolvedValue(
    (box, { timelines }, clock) =>
      createCallbackRequests({
        box,
        clock,
        hostName: os.hostname(),
        unread: (app, user, now) => timelines.unreadOneToOne(app, user, now),
      }),
    [the.secretBox, the.storage, the.clock],
  );
  bind(the.deliveryWorker).toResolvedValue(
    ({ deliveries: queue }, requests, clock, signals, log, { callbackAllowPrivate: allowPrivate }) =>
      createDeliveryWorker({
        queue,
        requests,
        sender: createCallbackSender({ clock, allowPrivate }),
        clock,
        signals,
        log,
        random: Math.random,
      }),
    [the.storage, the.callbackRequests, the.clock, the.signals, the.log, the.config],
  );
});

const http = new ContainerModule(({ bind }) => {
  bind(the.messageCodec).toResolvedValue(() => createMessageCodec());
  bind(the.metrics).toResolvedValue(
    ({ deliveries }, clock) => createMetrics({ clock, deliveries, version }),
    [the.storage, the.clock],
  );
  bind(the.http).toResolvedValue(
    (config, storage, loop, ids, clock, tokens, passwords, secretBox, attachmentBytes, codec, ...rest) => {
      const [callbackRequests, callbackUrls, log, { rootToken }, metrics, signals] = rest;
      return createHttp({
        storage,
        loop,
        ids,
        clock,
        tokens,
        passwords,
        secretBox,
        attachmentBytes,
        codec,
        callbackRequests,
        callbackUrls,
        log,
        metrics,
        signals,
        isRootToken: (token) => sameSecret(token, rootToken),
        health: () => storage.health(),
        settings: {
          publicUrl: null,
          messageRetentionMs: config.messageRetentionMs,
          logRequests: config.logLevel === 'debug' || config.logLevel === 'trace',
        },
      });
    },
    [
      the.config,
      the.storage,
      the.commandLoop,
      the.ids,
      the.clock,
      the.accessTokens,
      the.passwords,
      the.secretBox,
      the.attachmentBytes,
      the.messageCodec,
      the.callbackRequests,
      the.callbackUrls,
      the.log,
      the.firstStart,
      the.metrics,
      the.signals,
    ],
  );
  bind(the.server).toResolvedValue(
    (http, workers, deliveryWorker, loop, storage) =>
      createServer({ http, workers, deliveryWorker, loop, storage }),
    [the.http, the.workers, the.deliveryWorker, the.commandLoop, the.storage],
  );
});

/** Everything that a server of this configuration is made of, not yet resolved. */
export function buildContainer(config: Config, log: Log): Container {
  const container = new Container({ defaultScope: 'Singleton' });
  container.load(
    foundation(config, log),
    security,
    embeddedStorage,
    embeddedSignals,
    commands,
    callbacks,
    http,
  );
  return container;
}
