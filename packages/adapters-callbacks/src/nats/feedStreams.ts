import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  nanos,
  NatsError,
  RetentionPolicy,
  StorageType,
} from 'nats';
import type { ConsumerConfig, JetStreamManager, StreamConfig, StreamInfo } from 'nats';
import type { App } from '@recalld/domain';
import type { FeedName } from './feedMessages.js';

/** What an operator may say of the streams that the server makes. */
export interface StreamOptions {
  /** Brokers that keep a copy, 1 to 5. */
  readonly replicas?: number;
  /** Of each stream; the oldest messages make room. */
  readonly bytesMax?: number;
}

const hourMs = 3_600_000;

/** Of the streams and consumers that the server makes; those that it finds keep what their operator gave them. */
export const feedLimits = {
  maxAgeMs: 7 * 24 * hourMs,
  bytesMax: 1_073_741_824,
  messageBytesMax: 1_048_576,
  /** An id that comes again within it is not stored twice. */
  duplicateWindowMs: 120_000,
  ackWaitMs: 30_000,
  ackPendingMax: 1_000,
} as const;

/** Per feed: its stream, the stream's subject, and what of it is one app's. */
export const feedStreams = {
  events: {
    stream: 'RECALLD_EVENTS',
    subject: 'recalld.events.>',
    ofApp: (app: App) => `recalld.events.${app.org}.${app.name}.>`,
  },
  callbacks: {
    stream: 'RECALLD_CALLBACKS',
    subject: 'recalld.callbacks.>',
    ofApp: (app: App) => `recalld.callbacks.${app.org}.${app.name}.*`,
  },
} as const satisfies Record<FeedName, unknown>;

/** The stream of a feed, made if it is not there. An operator's own settings stay as they are. */
export async function ensureStream(
  manager: JetStreamManager,
  feed: FeedName,
  options: StreamOptions,
): Promise<StreamInfo> {
  const { stream, subject } = feedStreams[feed];
  const found = await orUndefined(manager.streams.info(stream));
  if (found === undefined) return manager.streams.add(streamConfig(feed, options));
  const { subjects } = found.config;
  if (subjects.includes(subject)) return found;
  return manager.streams.update(stream, { ...found.config, subjects: [...subjects, subject] });
}

function streamConfig(feed: FeedName, options: StreamOptions): Partial<StreamConfig> & { name: string } {
  const { stream, subject } = feedStreams[feed];
  return {
    name: stream,
    subjects: [subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(feedLimits.maxAgeMs),
    max_bytes: options.bytesMax ?? feedLimits.bytesMax,
    max_msg_size: feedLimits.messageBytesMax,
    duplicate_window: nanos(feedLimits.duplicateWindowMs),
    num_replicas: options.replicas ?? 1,
  };
}

/**
 * An app's own durable consumer, made if it is not there, so that its backend binds to it without the
 * right to make one. Its name is the appkey: `#` is in no org's or app's name.
 */
export async function ensureConsumer(manager: JetStreamManager, feed: FeedName, app: App): Promise<void> {
  const { stream, ofApp } = feedStreams[feed];
  const name = `${app.org}#${app.name}`;
  if ((await orUndefined(manager.consumers.info(stream, name))) !== undefined) return;
  const config: Partial<ConsumerConfig> = {
    durable_name: name,
    filter_subject: ofApp(app),
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(feedLimits.ackWaitMs),
    max_ack_pending: feedLimits.ackPendingMax,
  };
  await manager.consumers.add(stream, config);
}

/** Undefined for what the broker does not have. @throws for everything else that goes wrong. */
export async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (err) {
    if (err instanceof NatsError && err.code === '404') return undefined;
    throw err;
  }
}
