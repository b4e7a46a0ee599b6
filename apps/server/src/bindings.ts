import type { Metrics } from '@recalld/adapters-http';
import type { DeliveryWorker } from '@recalld/adapters-callbacks';
import type { SqliteStorage } from '@recalld/adapters-storage';
import type {
  AccessTokens,
  AttachmentBytes,
  CallbackRequests,
  CallbackUrls,
  Clock,
  CommandLoop,
  IdSource,
  Log,
  MessageCodec,
  Passwords,
  PlanDeliveries,
  SecretBox,
  Signals,
} from '@recalld/domain';
import type { FastifyInstance } from 'fastify';
import type { ServiceIdentifier } from 'inversify';
import type { Config } from './config.js';
import type { FirstStart } from './firstStart.js';
import type { Server } from './server.js';
import type { Workers } from './workers.js';

function token<T>(name: string): ServiceIdentifier<T> {
  return Symbol.for(`recalld.${name}`);
}

/** Everything that the container knows, each by the port or the part that it is. */
export const bindings = {
  accessTokens: token<AccessTokens>('AccessTokens'),
  attachmentBytes: token<AttachmentBytes>('AttachmentBytes'),
  callbackRequests: token<CallbackRequests>('CallbackRequests'),
  callbackUrls: token<CallbackUrls>('CallbackUrls'),
  clock: token<Clock>('Clock'),
  commandLoop: token<CommandLoop>('CommandLoop'),
  config: token<Config>('Config'),
  deliveryWorker: token<DeliveryWorker>('DeliveryWorker'),
  firstStart: token<FirstStart>('FirstStart'),
  ids: token<IdSource>('IdSource'),
  log: token<Log>('Log'),
  messageCodec: token<MessageCodec>('MessageCodec'),
  metrics: token<Metrics>('Metrics'),
  passwords: token<Passwords>('Passwords'),
  planDeliveries: token<PlanDeliveries>('PlanDeliveries'),
  secretBox: token<SecretBox>('SecretBox'),
  http: token<FastifyInstance>('Http'),
  server: token<Server>('Server'),
  signals: token<Signals>('Signals'),
  storage: token<SqliteStorage>('Storage'),
  workers: token<Workers>('Workers'),
};
