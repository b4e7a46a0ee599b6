import { randomBytes } from 'node:crypto';
import { limits } from '@recalld/domain';
import type { AccessTokens, PlanDeliveries, Topic } from '@recalld/domain';
import {
  attemptSample,
  createMemorySignals,
  createMemoryStorage,
  createWorld,
  loopOn,
  planRecalls,
} from '@recalld/domain/testing';
import type { World } from '@recalld/domain/testing';
import type { FastifyInstance } from 'fastify';
import { adminApi } from '../admin/api.js';
import type { AdminDeps } from '../admin/deps.js';
import type { Api, Method } from '../route.js';
import { createServer } from '../server/server.js';
import { createOpenBox } from './security.js';

const rootToken = 'the-root-token';

/** Tokens that say openly what they are: `app:1`, `user:1:ann`, `expired:1`. */
const openTokens: AccessTokens = {
  issue: (app, { subject }) => (subject.kind === 'app' ? `app:${app.no}` : `user:${app.no}:${subject.user}`),
  verify(app, token, now) {
    const [kind, no, user] = token.split(':');
    if (no !== String(app.no)) return 'corrupt';
    const times = { issuedAt: now, expiresAt: null };
    if (kind === 'app') return { subject: { kind }, ...times };
    if (kind === 'user' && user !== undefined) return { subject: { kind, user }, ...times };
    return kind === 'expired' ? 'expired' : 'corrupt';
  },
};

/** Recalls, and tests of a rule, which go to that rule alone. */
const planRecallsAndTests: PlanDeliveries = (decided, rules) => [
  ...planRecalls(decided, rules),
  ...decided.flatMap((event, index) =>
    event.type !== 'CallbackRuleTested'
      ? []
      : rules
          .filter(({ id }) => id === event.data.ruleId)
          .map((rule) => ({ rule, events: [index], orderKey: null })),
  ),
];

export interface Answered {
  readonly status: number;
  /** Parsed JSON; undefined for anything else. */
  readonly body: unknown;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly token?: string | null;
  readonly body?: unknown;
  /** A body that is sent as it is. */
  readonly raw?: string;
  readonly contentType?: string;
}

export interface AdminWorld extends World {
  readonly api: Api;
  readonly server: FastifyInstance;
  /** Topics announced so far. */
  readonly announced: readonly Topic[];
  /** Asks with the root token, unless told otherwise; a path without `/` in front is the demo app's. */
  ask(method: Method, path: string, asked?: Asked): Promise<Answered>;
}

/** The management API over in-memory storage with the app `demo-org#demo-app`. */
export async function createAdminWorld(change: Partial<AdminDeps> = {}): Promise<AdminWorld> {
  const world = await createWorld(createMemoryStorage());
  const signals = createMemorySignals();
  const announced: Topic[] = [];
  signals.listen((topic) => announced.push(topic));
  const api = adminApi({
    storage: world.ports,
    loop: loopOn(world.ports.commands, { plan: planRecallsAndTests }),
    ids: world.ids,
    secretBox: createOpenBox(),
    callbackRequests: {
      render: async ({ rule, events }) => ({
        url: rule.url,
        headers: {},
        body: JSON.stringify(events.length),
      }),
      callId: ({ rule, events }) =>
        rule.dialect === 'tencent' ? null : `call-${String(events[0]?.position)}`,
    },
    callbackUrls: {
      refusal: (url) => (url.startsWith('https://') ? undefined : 'it must be an https URL'),
    },
    nativeSecrets: {
      make: () => `whsec_${randomBytes(32).toString('base64')}`,
      fits: (secret) => /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/.test(secret),
    },
    checkRuleTls: ({ ca, clientCertificate, clientKey }) => {
      if ((clientCertificate === null) !== (clientKey === null)) return 'a certificate needs its key';
      const isPem = [ca, clientCertificate, clientKey].every((pem) => pem?.startsWith('PEM ') ?? true);
      return isPem ? undefined : 'it must be PEM';
    },
    settings: { publicUrl: null, messageRetentionMs: null, logRequests: false },
    signals,
    ...change,
  });
  const server = serverOf(world, [api]);
  return { ...world, api, server, announced, ask: asker(server) };
}

/** A server of some APIs; what none of them claims is answered by the last one. */
export function serverOf(world: World, apis: readonly Api[]): FastifyInstance {
  const [last] = apis.slice(-1);
  if (last === undefined) throw new Error('a server has an API');
  const quiet = () => undefined;
  return createServer({
    apps: world.ports.apps,
    users: world.ports.users,
    rateLimits: world.ports.rateLimits,
    tokens: openTokens,
    isRootToken: (token) => token === rootToken,
    addressOf: () => '127.0.0.1',
    clock: world.clock,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    apis: [...apis, { ...last, prefix: '/', routes: [] }],
    observers: [],
  });
}

function asker(server: FastifyInstance): AdminWorld['ask'] {
  return async (method, path, { token = rootToken, body, raw, contentType } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await server.inject({
      method,
      url: path.startsWith('/') ? path : `/admin/v1/apps/demo-org/demo-app/${path}`,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(payload === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
      },
      ...(payload === undefined ? {} : { payload }),
    });
    const { statusCode: status, body: text, headers } = response;
    const isJson = String(headers['content-type']).startsWith('application/json');
    return { status, text, headers, body: isJson ? (JSON.parse(text) as unknown) : undefined };
  };
}

/** Settles every delivery that is due as a worker would, with one attempt. */
export async function attemptAll({ ports, clock }: World, accepted: boolean): Promise<void> {
  const owner = 'a worker';
  const now = clock.now();
  const claimed = await claimAll({ ports, clock }, owner);
  await ports.deliveries.settle(
    claimed.map((id) => ({
      id,
      owner,
      state: { status: accepted ? 'delivered' : 'dead', attempts: 1 },
      attempt: attemptSample(
        accepted ? { requestedAt: now } : { requestedAt: now, status: 500, answerHead: 'no' },
      ),
    })),
    now,
  );
}

export const leaseMs = 5_000;

/** Takes every delivery that is due, for {@link leaseMs}; answers their ids. */
export async function claimAll(
  { ports, clock }: Pick<World, 'ports' | 'clock'>,
  owner = 'a worker',
): Promise<readonly string[]> {
  const due = await ports.deliveries.due();
  const rules = due.map(({ ruleId }) => ({ ruleId, max: 100 }));
  const claimed = await ports.deliveries.claim({ rules, owner, now: clock.now(), leaseMs });
  return claimed.map(({ id }) => id);
}

/** Recalls until the receivers have failed for so long that their rules are suspended: from now on. */
export async function suspendRules(world: World): Promise<void> {
  for (const waitMs of [0, limits.suspendAfterMs]) {
    world.clock.advance(waitMs);
    await world.recall(await world.send());
    await attemptAll(world, false);
  }
}
