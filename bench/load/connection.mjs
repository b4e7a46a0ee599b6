// @ts-check
import { connect } from 'node:net';

/**
 * One keep-alive HTTP/1.1 connection with at most one request under way, written for load: it knows
 * answers with a Content-Length and nothing else of HTTP.
 */
export class Connection {
  /** @type {import('node:net').Socket} */
  #socket;
  /** @type {Buffer | undefined} what came of an answer that is not whole yet */
  #partial;
  /** @type {((answer: Answer) => void) | undefined} */
  #answered;
  /** @type {((fault: Error) => void) | undefined} */
  #failed;

  /** @param {number} port on 127.0.0.1 */
  constructor(port) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', (fault) => this.#fail(fault));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /**
   * @param {string} request head and body, Latin-1
   * @param {(answer: Answer) => void} answered
   * @param {(fault: Error) => void} failed
   */
  send(request, answered, failed) {
    this.#answered = answered;
    this.#failed = failed;
    this.#socket.write(request, 'latin1');
  }

  close() {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    const bytes = this.#partial === undefined ? chunk : Buffer.concat([this.#partial, chunk]);
    const answer = readAnswer(bytes);
    this.#partial = answer === undefined ? bytes : undefined;
    const answered = this.#answered;
    if (answer === undefined || answered === undefined) return;
    this.#answered = undefined;
    answered(answer);
  }

  /** @param {Error} fault */
  #fail(fault) {
    const failed = this.#failed;
    this.#failed = undefined;
    failed?.(fault);
  }
}

/** @typedef {{ status: number, text: string }} Answer */

const contentLength = /\r\ncontent-length: (\d+)/i;

/**
 * @param {Buffer} bytes of one answer
 * @returns {Answer | undefined} undefined when it is not whole
 */
function readAnswer(bytes) {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [, length] = contentLength.exec(text) ?? [];
  if (length === undefined) throw new Error(`an answer without Content-Length: ${text.slice(0, headEnd)}`);
  if (text.length < headEnd + 4 + Number(length)) return undefined;
  return { status: Number(text.slice(9, 12)), text };
}

/**
 * @param {Connection} connection
 * @param {string} request
 * @returns {Promise<Answer>}
 */
export function ask(connection, request) {
  return new Promise((resolve, reject) => connection.send(request, resolve, reject));
}

/**
 * Connections to a target, spread over its nodes.
 *
 * @template T
 * @param {import('./requests.mjs').Target} target
 * @param {number} count
 * @param {(connections: Connection[]) => Promise<T>} use
 */
export async function withConnections({ ports }, count, use) {
  const connections = Array.from({ length: count }, (_, n) => new Connection(ports[n % ports.length] ?? 0));
  try {
    return await use(connections);
  } finally {
    for (const connection of connections) connection.close();
  }
}
