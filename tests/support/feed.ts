import { connect } from 'nats';

/** An event as subscribers get it. */
export interface FedEvent {
  readonly type: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** All that a broker has of the events, in its order; read by a client that is no part of the product. */
export async function readFeed(url: string): Promise<readonly FedEvent[]> {
  const connection = await connect({ servers: url });
  try {
    const streams = (await connection.jetstreamManager()).streams;
    const { state } = await streams.info('RECALLD_EVENTS');
    const events: FedEvent[] = [];
    if (state.messages === 0) return events;
    const consumer = await connection.jetstream().consumers.get('RECALLD_EVENTS');
    for await (const message of await consumer.fetch({ max_messages: state.messages, expires: 5_000 })) {
      events.push(message.json<FedEvent>());
      if (message.info.pending === 0) break;
    }
    return events;
  } finally {
    await connection.close();
  }
}
