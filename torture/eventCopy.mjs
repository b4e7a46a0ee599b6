// @ts-check
import { connect } from 'nats';
import { appKey } from './place.mjs';
import { aboutEvent } from './signatures.mjs';

/** @typedef {Map<string, Set<string>>} Ids the ids that something about a message was seen under */

const token = appKey.replace('#', '.');

/**
 * A subscriber that is no part of the product: it hears what is published, and reads what is stored.
 *
 * @param {string} url of the broker
 */
export async function openCopy(url) {
  const connection = await connect({
    servers: url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    pingInterval: 1_000,
  });
  /** @type {Ids} */
  const heard = new Map();
  connection.subscribe(`recalld.events.${token}.>`, {
    callback: (_, message) => note(heard, message.json()),
  });

  return {
    heard: () => heard,

    /** Everything on the broker: events by what they are about, easemob callbacks by message. */
    async stored() {
      /** @type {Ids} */
      const events = new Map();
      /** @type {Ids} */
      const callbacks = new Map();
      for (const message of await readAll('RECALLD_EVENTS')) {
        note(events, message.json());
      }
      for (const message of await readAll('RECALLD_CALLBACKS')) {
        if (!message.subject.endsWith('.easemob')) continue;
        const { recall_id: msgId, callId } = /** @type {any} */ (message.json());
        add(callbacks, msgId, callId);
      }
      return { events, callbacks };
    },

    close: () => connection.close(),
  };

  /** @param {string} stream */
  async function readAll(stream) {
    const manager = await connection.jetstreamManager();
    const { state } = await manager.streams.info(stream);
    if (state.messages === 0) return [];
    const consumer = await connection.jetstream().consumers.get(stream);
    const messages = [];
    for await (const message of await consumer.fetch({ max_messages: state.messages, expires: 5_000 })) {
      messages.push(message);
      if (message.info.pending === 0) break;
    }
    return messages;
  }
}

/** @param {Ids} ids @param {any} envelope */
function note(ids, envelope) {
  add(ids, aboutEvent(envelope), envelope.id);
}

/** @param {Ids} ids @param {string} about @param {string} id */
function add(ids, about, id) {
  ids.set(about, (ids.get(about) ?? new Set()).add(id));
}
