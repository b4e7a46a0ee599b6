import type { IncomingMessage } from 'node:http';
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
  SecretBox,
  StoragePorts,
} from '@recalld/domain';
import type { StreamSeats } from './easemob/events/seats.js';

export interface HttpSettings {
  /** `https://host[:port]` that answers name; null: what the request's own headers say. */
  readonly publicUrl: string | null;
  /** How long the server keeps messages, ms; null: for ever. */
  readonly messageRetentionMs: number | null;
  /** One debug line per request. */
  readonly logRequests: boolean;
}

/** Everything that the HTTP adapters need of the rest. */
export interface HttpDeps {
  readonly storage: StoragePorts;
  readonly loop: CommandLoop;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly tokens: AccessTokens;
  readonly passwords: Passwords;
  readonly secretBox: SecretBox;
  readonly attachmentBytes: AttachmentBytes;
  readonly codec: MessageCodec;
  /** Reads messages of any vendor's format, for lists. */
  readonly decoder: ContentDecoder;
  /** This node's; something steps it. */
  readonly live: LiveUpdates;
  readonly streams: StreamSeats;
  readonly callbackRequests: CallbackRequests;
  readonly callbackUrls: CallbackUrls;
  readonly log: Log;
  /** In constant time. */
  readonly isRootToken: (token: string) => boolean;
  /** Whom a request comes from: an IP address in one spelling. Never throws. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly settings: HttpSettings;
}
