import { limits as domainLimits, Overloaded, Unavailable } from '@recalld/domain';
import type { IdSource, Instant, LiveNews, Recorded, SessionId, SessionsEnded } from '@recalld/domain';
import type { WebSocket } from 'ws';
import type { MsyncCounts } from '../counts.js';
import { DeviceQueue } from '../down/deviceQueue.js';
import type { DeviceQueueDeps } from '../down/deviceQueue.js';
import type { Caller } from '../up/caller.js';
import type { UserRates } from '../rates.js';
import type { Uplink } from '../up/uplink.js';
import { decodeFrame } from '../wire/frame.js';
import type { UpFrame } from '../wire/frame.js';
import { countableEnd, encodeProvisionAnswer } from '../wire/provision.js';
import type { UpProvision } from '../wire/provision.js';
import { statusCodes } from '../wire/status.js';
import { encodeKick } from '../wire/sync.js';
import type { UpSync } from '../wire/sync.js';
import { Answers } from './answers.js';
import { beginSession, keyOf } from './begin.js';
import type { BeginDeps, Begun } from './begin.js';
import { endingOf, endings } from './endings.js';
import type { Ending, EndingName } from './endings.js';
import { Intake } from './intake.js';
import { judgeLogin } from './login.js';
import type { Login, LoginDeps } from './login.js';
import { loginRefusals } from './loginRefusals.js';
import type { LoginRefusal } from './loginRefusals.js';
import type { NodeSession } from './nodeSession.js';
import { Presence } from './presence.js';
import type { Strangers } from './strangers.js';

export interface SessionDeps extends LoginDeps, DeviceQueueDeps, BeginDeps {
  readonly ids: Pick<IdSource, 'next'>;
  readonly uplink: Uplink;
  readonly counts: MsyncCounts;
  readonly strangers: Strangers;
  readonly loginRates: UserRates;
}

/** What a session has once its device is logged in. */
interface LoggedIn extends Begun {
  readonly login: Login;
  readonly caller: Caller;
  readonly queue: DeviceQueue;
}

/**
 * One socket of a device, from its opening to its end: connected -> loggingIn -> loggedIn -> ended.
 * Nothing of it throws or rejects; a fault ends it, and the device comes back.
 */
export class Session implements NodeSession {
  readonly id: SessionId;
  readonly #deps: SessionDeps;
  readonly #socket: WebSocket;
  readonly #ip: string;
  readonly #intake: Intake;
  readonly #answers: Answers;
  readonly #openedAt: Instant;
  readonly #presence: Presence;
  #state: 'connected' | 'loggingIn' | 'loggedIn' | 'ended' = 'connected';
  #begun: LoggedIn | undefined;
  /** Heard between the beginning of the watch and that of the session. */
  #earlyEnds: Recorded<SessionsEnded>[] = [];
  #isSuperseded = false;
  #isStopping = false;
  #fullSince: Instant | undefined;

  constructor(deps: SessionDeps, socket: WebSocket, ip: string) {
    this.id = deps.ids.next();
    this.#deps = deps;
    this.#socket = socket;
    this.#ip = ip;
    this.#openedAt = deps.clock.now();
    this.#presence = new Presence(deps.limits, this.#openedAt);
    this.#answers = new Answers(deps, (frame) => this.send(frame));
    this.#intake = new Intake(deps, {
      handle: (frame) => this.#handle(frame),
      isHeld: () => this.#isStopping || this.#state === 'loggingIn' || this.isFull(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
    });
    deps.table.sockets.add(this);
    deps.strangers.enter(this, ip);
  }

  get inHand(): number {
    return this.#intake.inHand;
  }

  get login(): Login | undefined {
    return this.#begun?.login;
  }

  isOpen(): boolean {
    return this.#state !== 'ended';
  }

  isFull(): boolean {
    return this.#socket.bufferedAmount > this.#deps.limits.unsentBytesMax;
  }

  send(frame: Uint8Array): void {
    if (this.#state === 'ended') return;
    this.#deps.counts.framesOut += 1;
    this.#socket.send(frame);
  }

  /** A frame has arrived. */
  receive(frame: Uint8Array, isBinary: boolean): void {
    this.#deps.counts.framesIn += 1;
    this.heard();
    if (this.#state === 'ended') return;
    if (!isBinary) this.end('malformed');
    else if (!this.#intake.take(frame)) this.end('flooding');
  }

  /** The socket shows that somebody is there. */
  heard(): void {
    this.#presence.heard(this.#deps.clock.now());
  }

  stop(): void {
    this.#isStopping = true;
  }

  supersede(): void {
    this.#isSuperseded = true;
  }

  sweep(now: Instant): void {
    const { limits } = this.#deps;
    if (this.#state === 'ended') return;
    if (this.#begun === undefined) {
      if (now - this.#openedAt >= limits.loginWaitMs) this.end('loginLate');
      return;
    }
    const { login, queue } = this.#begun;
    if (now >= (login.expiresAt ?? Infinity) + limits.tokenGraceMs) return this.end('tokenOver');
    this.#fullSince = this.isFull() ? (this.#fullSince ?? now) : undefined;
    if (this.#fullSince !== undefined) {
      if (now - this.#fullSince >= limits.unreadSocketMs) this.end('unread');
      return;
    }
    this.#intake.goOn();
    queue.sweep(now);
    if (!this.#intake.isPaused) this.#askWhetherThere(now);
  }

  end(name: EndingName): void {
    if (this.#state === 'ended') return;
    const { clock, counts, ends, ids, limits, strangers, table } = this.#deps;
    const ending: Ending = endings[name];
    const begun = this.#begun;
    if (ending.kick !== undefined && begun !== undefined) {
      const { app, user } = begun.login;
      this.send(encodeKick({ app, user, id: ids.next(), why: ending.kick, at: clock.now() }));
    }
    this.#state = 'ended';
    counts.ended[name] += 1;
    this.#intake.close();
    table.sockets.delete(this);
    strangers.leave(this);
    if (begun !== undefined) {
      const key = keyOf(begun.login);
      begun.unwatch();
      table.leave(key, this);
      ends.put(this.id, { ...key, session: this.id, now: clock.now() });
    }
    if (ending.closeCode === null) return this.#socket.terminate();
    // A paused socket would not hear the device close its side.
    this.#socket.resume();
    const { closeCode } = ending;
    if (ending.kick === undefined) return this.#socket.close(closeCode);
    // An SDK that hears the close before it has read the word takes it for a lost socket, and comes back.
    setTimeout(() => this.#socket.close(closeCode), limits.kickHeardMs).unref();
  }

  #askWhetherThere(now: Instant): void {
    const due = this.#presence.check(now);
    if (due === 'giveUp') this.end('silent');
    else if (due === 'ask') this.#socket.ping();
  }

  #handle(bytes: Uint8Array): Promise<void> | undefined {
    const frame = decodeFrame(bytes, this.#deps.limits.frameBytesMax);
    if (frame.ok) return this.#take(frame.value)?.catch((fault: unknown) => this.#break(fault));
    if (frame.fault === 'unknownCommand' && this.#state === 'loggedIn') return undefined;
    const isField = frame.fault === 'missingField' || frame.fault === 'wrongField';
    if (this.#state === 'connected' && isField) this.#refuse('malformed', '');
    else this.end('malformed');
    return undefined;
  }

  #take(frame: UpFrame): Promise<void> | undefined {
    const begun = this.#begun;
    if (frame.command === 'provision' && this.#state === 'connected') return this.#logIn(frame.provision);
    if (begun === undefined) {
      this.end(frame.command === 'logout' ? 'loggedOut' : 'malformed');
      return undefined;
    }
    switch (frame.command) {
      case 'unread':
        return begun.queue.unread();
      case 'sync':
        return this.#sync(begun, frame.sync);
      case 'logout':
      case 'provision':
        this.end(frame.command === 'logout' ? 'loggedOut' : 'malformed');
        return undefined;
    }
  }

  #sync({ queue, caller }: LoggedIn, sync: UpSync): Promise<void> {
    switch (sync.kind) {
      case 'pull':
        return queue.pull(sync.queue, sync.key);
      case 'send':
        return this.#answers.take(caller, sync.meta);
      case 'faulty':
        return this.#answers.refuse(sync.id, sync.fault);
    }
  }

  async #logIn(shown: UpProvision): Promise<void> {
    const { clock, limits, loginRates, strangers, table } = this.#deps;
    this.#state = 'loggingIn';
    strangers.leave(this);
    const verdict = await judgeLogin(this.#deps, shown);
    if (!this.isOpen()) return;
    if (!verdict.ok) return this.#refuse(verdict.refusal, shown.resource);
    const { login } = verdict;
    if (!loginRates.take(keyOf(login), clock.now())) return this.end('loginFlooding');
    if (table.othersOf(keyOf(login)) >= limits.sessionsPerUserMax) {
      return this.#refuse('tooManyDevices', shown.resource);
    }
    if (table.size >= limits.sessionsMax) return this.#refuse('nodeFull', shown.resource);
    await this.#begin(login);
  }

  async #begin(login: Login): Promise<void> {
    const { app, user, device, platform } = login;
    const beginning = await beginSession(this.#deps, this, login, (news) => this.#hear(news));
    if (!beginning.ok) {
      if (beginning.refusal !== null) this.#refuse(beginning.refusal, device);
      return;
    }
    const { begun } = beginning;
    const origin = { via: 'client', platform, ip: this.#ip } as const;
    const caller: Caller = { app, user, device, session: this.id, origin };
    const { connectedAt } = begun;
    const queue = new DeviceQueue(this.#deps, { app, key: keyOf(login), connectedAt }, this);
    this.#begun = { ...begun, login, caller, queue };
    if (!this.#isSuperseded) this.#deps.table.enter(keyOf(login), this)?.end('replaced');
    this.#welcome(login);
    if (this.#isSuperseded) this.end('replaced');
  }

  #welcome({ device, expiresAt: end }: Login): void {
    const expiresAt = countableEnd(end, this.#deps.clock.now());
    this.#state = 'loggedIn';
    this.#deps.counts.logins += 1;
    const status = statusCodes.ok;
    this.send(encodeProvisionAnswer({ status, reason: '', resource: device, sessionId: this.id, expiresAt }));
    for (const event of this.#earlyEnds) this.#hear({ kind: 'ended', event });
    this.#earlyEnds = [];
  }

  #hear(news: LiveNews): void {
    if (news.kind === 'grown') {
      // A device asks for everything as soon as it is logged in.
      if (this.#state === 'loggedIn') this.#begun?.queue.grown(news.timeline);
    } else if (this.#state === 'loggingIn') {
      this.#earlyEnds.push(news.event);
    } else if (this.#isMeant(news.event)) {
      this.end(endingOf(news.event.data.reason));
    }
  }

  #isMeant({ data, occurredAt, position }: Recorded<SessionsEnded>): boolean {
    if (this.#begun === undefined) return false;
    const { login, connectedAt, begunAt } = this.#begun;
    const { user, device, session } = data;
    if (user !== login.user || (device !== null && device !== login.device)) return false;
    if (session !== null) return session === this.id;
    // While a commit is under way, the log's end is behind words that were given before this session began.
    const since = Math.max(begunAt - domainLimits.clockSkewMsMax, login.tokenIssuedAt);
    return position > connectedAt && occurredAt >= since;
  }

  #refuse(refusal: LoginRefusal, resource: string): void {
    const answer = { ...loginRefusals[refusal], resource, sessionId: '', expiresAt: null };
    this.#deps.counts.loginsRefused += 1;
    this.send(encodeProvisionAnswer(answer));
    this.end('loginRefused');
  }

  #break(fault: unknown): void {
    const isPassing = fault instanceof Unavailable || fault instanceof Overloaded;
    this.#deps.faults.tell(fault, isPassing ? 'devices cannot log in' : 'a session broke');
    this.end(isPassing ? 'storageAway' : 'broken');
  }
}
