// @ts-check
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { loginFrame, pullFrame, readFrame, textFrame } from './wire.mjs';

/** @typedef {{ user: string, token: string, device: string }} Account */
/** @typedef {{ url: string, appKey: string }} Server */

/** Local ids count from here, as the SDKs' do: ms since 2010. */
let lastId = Date.now() - Date.UTC(2010, 1, 1);

/** One device that is logged in. It follows notices as the SDKs do, and counts what arrives. */
export class Device {
  /** Messages that arrived. */
  arrived = 0;
  /** Called for each page of them. */
  onArrived = () => {};
  #socket;
  #appKey;
  #user;
  /** @type {(() => void)[]} acknowledgements come in the order of the sends */
  #waiting = [];
  /** @type {Error | undefined} */
  #fault;

  /** @param {WebSocket} socket @param {string} appKey @param {string} user */
  constructor(socket, appKey, user) {
    this.#socket = socket;
    this.#appKey = appKey;
    this.#user = user;
    socket.on('message', (bytes) => this.#hear(/** @type {Buffer} */ (bytes)));
    socket.on('close', (code) => (this.#fault = new Error(`the server closed a socket with ${code}`)));
  }

  /** @throws when the session ended or a message was refused */
  check() {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Sends a text and resolves when it is acknowledged. @param {string} to @param {string} text */
  async send(to, text) {
    this.check();
    lastId += 1;
    const frame = textFrame({ appKey: this.#appKey, id: lastId, from: this.#user, to, text });
    const acknowledged = new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
    this.#socket.send(frame);
    await acknowledged;
  }

  close() {
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  /** @param {Buffer} bytes */
  #hear(bytes) {
    const heard = readFrame(bytes);
    switch (heard.kind) {
      case 'notice':
        this.#socket.send(pullFrame(heard.queue));
        return;
      case 'page':
        this.#socket.send(pullFrame(heard.queue, heard.key));
        this.arrived += heard.items;
        this.onArrived();
        return;
      case 'ack':
        this.#waiting.shift()?.();
        return;
      case 'refused':
        this.#fault = new Error('the server refused a message');
    }
  }
}

/** @param {Server} server @param {Account} account @returns {Promise<Device>} */
export async function logIn({ url, appKey }, { user, token, device }) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/websocket`, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.send(loginFrame({ appKey, user, token, device }));
  const [answer] = await once(socket, 'message');
  if (readFrame(answer).kind !== 'welcome') throw new Error(`the login of ${user} was refused`);
  return new Device(socket, appKey, user);
}
