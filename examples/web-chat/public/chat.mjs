import { endings } from './words.mjs';

const sdk = globalThis.websdk.default ?? globalThis.websdk;
const historySize = 50;

/**
 * One device of one user in one conversation: the official SDK behind a few calls.
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} from
 * @property {number} time ms
 * @property {string} [text]
 * @property {{ url: string, name: string }} [picture]
 *
 * @typedef {object} Hears what happens to the device
 * @property {(state: 'online' | 'away' | 'ended', why?: string) => void} state
 * @property {(messages: Message[]) => void} history what was said before, the oldest first
 * @property {(messages: Message[]) => void} messages which came just now, or while this device was away
 * @property {(id: string, by: string) => void} recalled
 * @property {(by: string) => void} read one of the two has read everything so far
 * @property {(id: string) => void} delivered
 * @property {(time: number) => void} deleted this user has deleted the conversation elsewhere, at that time
 *
 * @param {{ session: { appKey: string, apiUrl: string, url: string, user: string, token: string },
 *   device: string, peer: string, hears: Hears }} options
 */
export function openChat({ session, device, peer, hears }) {
  const connection = new sdk.connection({
    appKey: session.appKey,
    // These four make the SDK talk to a server of one's own, and to nobody else.
    isHttpDNS: false,
    https: session.apiUrl.startsWith('https:'),
    url: session.url,
    apiUrl: session.apiUrl,
    // A name for each pane: by itself the SDK takes all panes of a browser for one device.
    isFixedDeviceId: false,
    deviceId: device,
    delivery: true,
    autoReconnectNumMax: 100_000,
  });
  const conversation = { to: peer, chatType: 'singleChat' };
  const isHere = ({ from, to }) => [from, to].includes(peer);
  /** Messages that were taken back while the history was on its way. */
  const gone = new Set();
  let ended;

  const told = (message) => {
    if (!isHere(message) || gone.has(message.id)) return [];
    const { id, from, time } = message;
    const common = { id, from: from || session.user, time: Number(time) };
    if (message.type === 'txt') return [{ ...common, text: message.msg }];
    if (message.type === 'img') return [{ ...common, picture: { url: message.url, name: message.filename } }];
    return [];
  };

  connection.addEventHandler('page', {
    onConnected: () => hears.state('online'),
    onReconnecting: () => hears.state('away'),
    onDisconnected: () => hears.state('ended', ended),
    onError: ({ type }) => (ended = endings[type] ?? ended),
    onMessage: (messages) => hears.messages(messages.flatMap(told)),
    onRecallMessage(recall) {
      gone.add(recall.mid);
      hears.recalled(recall.mid, recall.from);
    },
    onDeliveredMessage: ({ mid }) => hears.delivered(mid),
    onChannelMessage: (read) => isHere(read) && hears.read(read.from),
    onMultiDeviceEvent({ operation, conversationId, timestamp }) {
      if (operation === 'deleteConversation' && conversationId === peer) hears.deleted(Number(timestamp));
    },
  });

  const send = async (message) => {
    const { serverMsgId } = await connection.send(sdk.message.create({ ...message, ...conversation }));
    return serverMsgId;
  };

  return {
    async open() {
      await connection.open({ user: session.user, accessToken: session.token });
      const wanted = { targetId: peer, chatType: 'singleChat', pageSize: historySize };
      const { messages } = await connection.getHistoryMessages(wanted);
      hears.history(messages.reverse().flatMap(told));
    },
    /** How many messages this user has not read yet. */
    async unread() {
      const { data } = await connection.getServerConversations({ pageSize: 20, cursor: '' });
      const found = data.conversations.find(({ conversationId }) => conversationId === peer);
      return found?.unReadCount ?? 0;
    },
    /** Answers the message's id. */
    sendText: (msg) => send({ type: 'txt', msg }),
    async sendPicture(file, { width, height }) {
      const { name: filename, type: filetype } = file;
      let refused;
      const onFileUploadError = (fault) => (refused = fault);
      const message = { type: 'img', file: { url: '', filename, filetype, data: file }, width, height };
      return send({ ...message, onFileUploadError }).catch((fault) => {
        throw refused ?? fault;
      });
    },
    recall: (mid) => connection.recallMessage({ mid, ...conversation }),
    /** Everything so far has been read. */
    sendRead: () => send({ type: 'channel' }),
    deleteConversation: () =>
      connection.deleteConversation({ channel: peer, chatType: 'singleChat', deleteRoam: true }),
    /** Nothing more is heard. */
    close() {
      connection.removeEventHandler('page');
      connection.close();
    },
  };
}
