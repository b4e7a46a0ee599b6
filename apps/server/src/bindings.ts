import type { Metrics, StreamSeats } from '@recalld/adapters-http';
import type { MsyncServer, Uplink } from '@recalld/adapters-msync';
import type {
  CallbackSender,
  DeliveryWorker,
  Egress,
  FeedPublisher,
  NatsLink,
  NatsSignals,
} from '@recalld/adapters-callbacks';
import type { RotatingSecretBox } from '@recalld/adapters-security';
import type { PostgresStorage, SqliteStorage, Storage } from '@recalld/adapters-storage';
import type {
  AccessTokens,
  AttachmentBytes,
  CallbackRequests,
  CallbackUrls,
  Clock,
  CommandLoop,
  ContentDecoder,
  IdSource,
  LiveUpdates,
  Log,
  MessageCodec,
  Passwords,
  PlanDeliveries,
  Signals,
} from '@recalld/domain';
import type { FastifyInstance } from 'fastify';
import type { ServiceIdentifier } from 'inversify';
import type { AddressOf } from './callerAddress.js';
import type { Config } from './config.js';
import type { Feed } from './feed.js';
import type { FirstStart } from './firstStart.js';
import type { SecretKeys } from './secretKey.js';
import type { Server } from './server.js';
import type { Upkeep, Worker } from './workers.js';

function token<T>(name: string): ServiceIdentifier<T> {
  return Symbol.for(`recalld.${name}`);
}

/** Everything that the container knows, each by the port or the part that it is. */
export const bindings = {
  accessTokens: token<AccessTokens>('AccessTokens'),
  addressOf: token<AddressOf>('AddressOf'),
  attachmentBytes: token<AttachmentBytes>('AttachmentBytes'),
  callbackRequests: token<CallbackRequests>('CallbackRequests'),
  callbackSender: token<CallbackSender>('CallbackSender'),
  callbackUrls: token<CallbackUrls>('CallbackUrls'),
  clock: token<Clock>('Clock'),
  commandLoop: token<CommandLoop>('CommandLoop'),
  config: token<Config>('Config'),
  contentDecoder: token<ContentDecoder>('ContentDecoder'),
  deliveryWorker: token<DeliveryWorker>('DeliveryWorker'),
  egress: token<Egress>('Egress'),
  feed: token<Feed>('Feed'),
  feedPublisher: token<FeedPublisher>('FeedPublisher'),
  firstStart: token<FirstStart>('FirstStart'),
  ids: token<IdSource>('IdSource'),
  liveUpdates: token<LiveUpdates>('LiveUpdates'),
  liveWorker: token<Worker>('LiveWorker'),
  log: token<Log>('Log'),
  messageCodec: token<MessageCodec>('MessageCodec'),
  metrics: token<Metrics>('Metrics'),
  msync: token<MsyncServer>('Msync'),
  natsLink: token<NatsLink>('NatsLink'),
  natsSignals: token<NatsSignals>('NatsSignals'),
  passwords: token<Passwords>('Passwords'),
  planDeliveries: token<PlanDeliveries>('PlanDeliveries'),
  sqliteStorage: token<SqliteStorage>('SqliteStorage'),
  postgresStorage: token<PostgresStorage>('PostgresStorage'),
  secretBox: token<RotatingSecretBox>('SecretBox'),
  secretKeys: token<SecretKeys>('SecretKeys'),
  http: token<FastifyInstance>('Http'),
  server: token<Server>('Server'),
  signals: token<Signals>('Signals'),
  storage: token<Storage>('Storage'),
  streams: token<StreamSeats>('Streams'),
  uplink: token<Uplink>('Uplink'),
  upkeep: token<readonly Upkeep[]>('Upkeep'),
  workers: token<Worker>('Workers'),
};
