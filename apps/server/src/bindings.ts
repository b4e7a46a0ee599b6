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
  StoragePorts,
} from '@recalld/domain';
import type { ServiceIdentifier } from 'inversify';
import type { Config } from './config.js';

/** Everything that the container knows, by the port that it answers. */
function token<T>(name: string): ServiceIdentifier<T> {
  return Symbol.for(`recalld.${name}`);
}

export const bindings = {
  config: token<Config>('Config'),
  log: token<Log>('Log'),
  clock: token<Clock>('Clock'),
  ids: token<IdSource>('IdSource'),
  secretBox: token<SecretBox>('SecretBox'),
  passwords: token<Passwords>('Passwords'),
  accessTokens: token<AccessTokens>('AccessTokens'),
  storage: token<StoragePorts>('StoragePorts'),
  attachmentBytes: token<AttachmentBytes>('AttachmentBytes'),
  signals: token<Signals>('Signals'),
  planDeliveries: token<PlanDeliveries>('PlanDeliveries'),
  callbackRequests: token<CallbackRequests>('CallbackRequests'),
  callbackUrls: token<CallbackUrls>('CallbackUrls'),
  messageCodec: token<MessageCodec>('MessageCodec'),
  commandLoop: token<CommandLoop>('CommandLoop'),
};
