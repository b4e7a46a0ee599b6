import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { easemobApi } from '../easemob/api.js';
import type { Route } from '../route.js';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';
import { uncleanTexts } from '../testing/uncleanTexts.js';
import { readAnswer, speak } from '../testing/wire.js';

let easemob: EasemobServer;
/** Rows that were asked something that they accept. */
const done = new Set<string>();
/** Where storage was given text that it may not be able to keep. */
let unclean: ReadonlySet<string>;

beforeAll(async () => {
  easemob = await startEasemobServer();
  unclean = uncleanTexts(easemob.storage);
});
afterAll(() => easemob.server.close());

/** For each field, what its row may well accept. */
const plausible: Readonly<Record<string, readonly unknown[]>> = {
  msg_id: ['x', ...Array.from({ length: 60 }, (_, id) => String(id + 1))],
  to: ['u2', 'u2', 'nowhere', ['u2'], ['u2'], ['u2', 'u3', '__proto__']],
  chat_type: ['chat', 'chat', 'groupchat', 'chatroom'],
  from: ['u1', 'admin'],
  sync_device: [true, false],
  force: [true, true, false],
  recallMessageExtensionInfo: ['why', '{}'],
  channel: ['u2', 'nowhere'],
  type: ['chat', 'groupChat', 'txt', 'img'],
  delete_roam: [true, false],
  grant_type: ['client_credentials', 'password'],
  client_id: ['client-id'],
  client_secret: ['wrong'],
  username: ['anna', 'ben'],
  password: ['pw'],
  ttl: [0, '60'],
  body: [{ msg: 'hello' }, { url: '/acme/im/chatfiles/09ebbf8b-0000-4000-8000-d47c3b38e434' }],
  ext: [{}, { k: 1 }],
  queue: ['u1@easemob.com', 'nowhere@conference.easemob.com'],
  start: [-1, '-1', '[1]'],
  pull_number: [1, -5, 1e8],
  msgType: ['txt,img', 'x'],
  startTime: [-1, 1_760_000_000_000],
  endTime: [-1, 1_760_000_000_000],
  groupname: ['g'],
  name: ['r'],
  public: [true, false],
  owner: ['u1'],
  members: [['u2', 'u3'], []],
  maxusers: [3, 200],
  usernames: [['u2', 'u4']],
  mute_duration: [1_000, -1, 1e300],
  chat: [60, 0, -1],
  groupchat: [60, 0, -1],
  chatroom: [60, 0, -1],
  end: [-1],
  is_positive: [true, false],
  routetype: ['ROUTE_ONLINE', 'x'],
  membersonly: [true],
  allowinvites: [false],
  invite_need_confirm: [true],
  description: ['d'],
  desc: ['d'],
};
const fields = [...Object.keys(plausible), 'url', 'thumb', '__proto__', 'constructor', 'toString'];
const words = ['u1', 'u2', 'chat', 'txt', 'admin', '-1', '', 'easemob.com'];

const text = fc.oneof(
  fc.constantFrom(...words),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((units) => String.fromCharCode(...units)),
);
const leaf = fc.oneof(text, fc.boolean(), fc.constant(null), fc.double(), fc.integer());
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...fields), tie('value'), { maxKeys: 6 }),
  ),
}));
/** An object of the row's own fields, most of them as they should be. */
function objectFor({ body }: Route): fc.Arbitrary<object> {
  const known = Object.keys((body?.['properties'] as object | undefined) ?? plausible);
  const members = known.map((field) => {
    const good = fc.constantFrom(...(plausible[field] ?? words));
    return [field, fc.oneof({ weight: 40, arbitrary: good }, { weight: 1, arbitrary: value })] as const;
  });
  const requiredKeys = known.filter((field) => field !== 'force' && field !== 'ext');
  const whole = fc.record(Object.fromEntries(members));
  return fc.oneof(whole, fc.record(Object.fromEntries(members), { requiredKeys }));
}

function bodyFor(route: Route): fc.Arbitrary<string | Buffer> {
  return fc.oneof(
    { weight: 12, arbitrary: objectFor(route).map((made) => JSON.stringify(made)) },
    { weight: 2, arbitrary: value.map((made) => JSON.stringify(made)) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
  );
}

const pathPart = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('u1', 'u2', 'anna', 'u1,u2') },
  fc.constantFrom('1', '%', '%00', '%ff', '%2F', '..', 'x'.repeat(65), ','),
  fc.string({ unit: 'binary', maxLength: 70 }).map((part) => encodeURIComponent(part.toWellFormed())),
);
const json = 'application/json';
const types = [
  json,
  json,
  json,
  json,
  `${json};charset=utf-8`,
  'text/plain',
  ';',
  '',
  'multipart/form-data; boundary=x',
];
const headers = fc.record(
  {
    'content-type': fc.constantFrom(...types),
    'x-forwarded-proto': fc.constantFrom('https', 'javascript', ''),
    host: fc.constantFrom('a', '[::1]:80', 'a b', ''),
    'share-secret': fc.constantFrom('', 'x'),
    'restrict-access': fc.constantFrom('true', 'x'),
  },
  { requiredKeys: [] },
);

/** The row's path with arbitrary parts in place of its parameters, and an arbitrary query. */
function pathOf(route: Route, parts: readonly string[], query: string): string {
  let next = 0;
  const path = route.path
    .replace('{org}/{app}', 'acme/im')
    .replace(/\{\w+\}/g, () => parts[next++ % parts.length] ?? 'u1');
  return `${path}?${query}`;
}

/** Only a token and deletions from roaming come without the envelope (contract A6, A7). */
function okField({ operationId, path }: Route): string {
  if (operationId === 'createToken') return 'access_token';
  return path.includes('/message/roaming/') ? 'requestStatusCode' : 'action';
}

describe('whatever is asked', () => {
  it('given any row, path, query, headers and body, then the answer is no fault and in the vendor’s shape', async () => {
    // A stream has no end and no envelope: tests of its own ask for it.
    const rows = easemobApi(easemob.deps).routes.filter(({ path }) => !path.endsWith('/events'));
    const asked = fc.constantFrom(...rows).chain((row) =>
      fc.record({
        row: fc.constant(row),
        parts: fc.array(pathPart, { minLength: 1, maxLength: 3 }),
        query: fc.constantFrom(
          '',
          '&limit=20',
          'a=b&a=c',
          '%',
          'pagenum=x',
          'pagesize=9&pagenum=9',
          '__proto__=1',
          'userId=u1&msgIdList=1,x,%00',
          'groupId=%00&delTime=9',
        ),
        headers,
        body: bodyFor(row),
      }),
    );
    await fc.assert(
      fc.asyncProperty(asked, async ({ row, parts, query, headers: sent, body }) => {
        const more = row.method === 'GET' ? {} : { body };
        const answer = await easemob.raw(row.method, pathOf(row, parts, query), { headers: sent, ...more });
        expect(answer.status, answer.text).toBeLessThan(500);
        expect(answer.body).toHaveProperty(answer.status === 200 ? okField(row) : 'error_description');
        if (answer.status === 200) done.add(row.operationId);
      }),
      { numRuns: 80 * rows.length },
    );
    expect([...done]).toEqual(
      expect.arrayContaining(['recallMessage', 'deleteConversation', 'sendToUsers', 'pullRoaming']),
    );
    expect(easemob.logged.filter((line) => 'err' in line)).toEqual([]);
    expect([...unclean]).toEqual([]);
  }, 120_000);

  it('given NUL or half a surrogate in any field, then storage is given none of it', async () => {
    const bad = fc.constantFrom('\u0000', 'a\u0000b', '\ud800', 'a\udc00b');
    const rows = easemobApi(easemob.deps).routes.filter(({ body }) => body !== undefined);
    const asked = fc.constantFrom(...rows).chain((row) => {
      const known = Object.keys((row.body?.['properties'] as object | undefined) ?? plausible);
      const made = Object.fromEntries(
        known.map((field) => [field, fc.constantFrom(...(plausible[field] ?? words))]),
      );
      const worse = fc
        .constantFrom(...known)
        .chain((field) => fc.oneof(bad, fc.tuple(bad)).map((text) => ({ [field]: text })));
      return fc.record({ row: fc.constant(row), made: fc.record(made), worse });
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ row, made, worse }) => {
        const body = { ...made, ...worse };
        const answer = await easemob.raw(row.method, pathOf(row, ['u1'], ''), { body });
        expect(answer.status, answer.text).toBeLessThan(500);
      }),
      { numRuns: 1_500 },
    );
    expect([...unclean]).toEqual([]);
  }, 120_000);

  it('given any request target and method on the wire, then the answer is no fault and in the vendor’s shape', async () => {
    const path = fc.oneof(
      fc.constantFrom('/acme/im/users/u1', '/acme/im/messages/msg_recall', '/', '//', '', '?', '#', '/%'),
      fc.string({ unit: 'binary-ascii', maxLength: 20 }).map((part) => `/${part.replace(/[^!-~]/g, '')}`),
    );
    const origin = fc.constantFrom(
      '',
      '',
      'http://h',
      'https://u:p@h:1',
      'HTTP://[::1]',
      'ftp://h',
      'h:80',
      '*',
    );
    const asked = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'PROPFIND', 'X'),
      target: fc.tuple(origin, path).map((parts) => parts.join('')),
      sent: fc.subarray(['Host: a', 'Expect: banana', 'Upgrade: h2c', 'Content-Length: 0']),
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ method, target, sent }) => {
        const token = `Authorization: Bearer ${easemob.appToken}`;
        const head = [`${method} ${target} HTTP/1.1`, ...sent, token, 'Connection: close', '', ''];
        const { status, body } = readAnswer(await speak(easemob.server, head.join('\r\n')));
        expect(status).toBeGreaterThanOrEqual(200);
        expect(status).toBeLessThan(500);
        if (status >= 400) expect(body).toHaveProperty('error_description');
      }),
      { numRuns: 400, examples: [[{ method: 'OPTIONS', target: '*', sent: ['Host: a'] }]] },
    );
    expect(easemob.logged.filter((line) => 'err' in line)).toEqual([]);
  }, 120_000);
});
