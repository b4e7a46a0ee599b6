import { publishedTypes } from '@recalld/domain';
import type {
  App,
  AppNo,
  Apps,
  CallbackRequests,
  DeliveryReader,
  DeliveryView,
  Log,
  Position,
  RecordedEvent,
} from '@recalld/domain';
import { envelopeOf } from '../dialects/native/envelope.js';

/** The log's copies on the broker: its public events, and the callbacks of the vendors' dialects. */
export type FeedName = 'events' | 'callbacks';

/** One message of a stream. */
export interface FeedMessage {
  readonly subject: string;
  /** The same however often it is published. */
  readonly id: string;
  readonly app: App;
  /** Of the event that it tells of. */
  readonly position: Position;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a feed says of the log. */
export interface FeedSource {
  /** The events that it says something of. */
  readonly types: readonly RecordedEvent['type'][];
  /** In an order that never changes. What cannot be rendered is logged and left out. */
  messagesOf(event: RecordedEvent): Promise<readonly FeedMessage[]>;
}

export interface FeedSourceDeps {
  readonly apps: Pick<Apps, 'findByNo'>;
  readonly deliveryReader: Pick<DeliveryReader, 'startingAt'>;
  readonly requests: Pick<CallbackRequests, 'render'>;
  readonly log: Log;
}

const knownAppsMax = 10_000;

export function createFeedSources(deps: FeedSourceDeps): Readonly<Record<FeedName, FeedSource>> {
  return { events: eventSource(deps), callbacks: callbackSource(deps) };
}

/** One CloudEvent per event, as native rules get it. */
function eventSource({ apps, log }: FeedSourceDeps): FeedSource {
  const appOf = knownApps(apps);
  return {
    types: publishedTypes,
    messagesOf: async (event) => {
      const app = await appOf(event.app);
      if (app === undefined) {
        log.error({ position: event.position }, 'an event of no app is not published');
        return [];
      }
      try {
        return eventMessage(app, event);
      } catch (err) {
        log.error({ err, position: event.position }, 'an event cannot be rendered and is not published');
        return [];
      }
    },
  };
}

function eventMessage(app: App, event: RecordedEvent): readonly FeedMessage[] {
  const envelope = envelopeOf(app, event);
  if (envelope === undefined) return [];
  const { position } = event;
  const subject = `recalld.events.${app.org}.${app.name}.${envelope.type}`;
  const headers = { 'Content-Type': 'application/cloudevents+json' };
  return [{ subject, id: envelope.id, app, position, headers, body: JSON.stringify(envelope) }];
}

/** An app's names never change. */
function knownApps(apps: Pick<Apps, 'findByNo'>): (no: AppNo) => Promise<App | undefined> {
  const known = new Map<AppNo, App>();
  return async (no) => {
    const app = known.get(no) ?? (await apps.findByNo(no));
    if (known.size >= knownAppsMax) known.clear();
    if (app !== undefined) known.set(no, app);
    return app;
  };
}

/** One message per delivery of a vendor's dialect: what its rule's URL gets. */
function callbackSource({ deliveryReader, requests, log }: FeedSourceDeps): FeedSource {
  const deliveriesOf = async (event: RecordedEvent) => {
    const deliveries = await deliveryReader.startingAt(event.app, event.position);
    return deliveries.filter(({ rule }) => rule.dialect !== 'native');
  };

  /** A store that is away fails everything, and the feed waits; when it answers, it is the message. */
  async function rendered(event: RecordedEvent, delivery: DeliveryView): Promise<FeedMessage | undefined> {
    try {
      return await callbackMessage(event, delivery);
    } catch {
      await deliveriesOf(event);
    }
    try {
      return await callbackMessage(event, delivery);
    } catch (err) {
      log.error({ err, delivery: delivery.id }, 'a callback cannot be rendered and is not published');
      return undefined;
    }
  }

  async function callbackMessage({ position }: RecordedEvent, delivery: DeliveryView): Promise<FeedMessage> {
    const { id, app, rule } = delivery;
    const { url, headers, body } = await requests.render(delivery);
    const own = {
      ...headers,
      'Recalld-Rule': rule.id,
      ...(rule.dialect === 'tencent' ? { 'Recalld-Query': new URL(url).search.slice(1) } : {}),
    };
    const subject = `recalld.callbacks.${app.org}.${app.name}.${rule.dialect}`;
    return { subject, id, app, position, headers: own, body };
  }

  return {
    // What a vendor's dialect makes a callback of.
    types: ['MessageRecalled', 'CallbackRuleTested'],
    messagesOf: async (event) => {
      const messages: FeedMessage[] = [];
      for (const delivery of await deliveriesOf(event)) {
        const message = await rendered(event, delivery);
        if (message !== undefined) messages.push(message);
      }
      return messages;
    },
  };
}
