import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { easemobApi } from '../easemob/api.js';
import type { Route } from '../route.js';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;
let rows: readonly Route[];

beforeAll(async () => {
  easemob = await startEasemobServer();
  rows = easemobApi(easemob.deps).routes;
});
afterAll(() => easemob.server.close());

const words = [
  'u1',
  'u2',
  'chat',
  'groupchat',
  'chatroom',
  'txt',
  'admin',
  '13132131',
  '-1',
  '',
  'easemob.com',
];
const fields = [
  ...[
    'msg_id',
    'to',
    'chat_type',
    'from',
    'sync_device',
    'force',
    'recallMessageExtensionInfo',
    'channel',
    'type',
  ],
  ...[
    'delete_roam',
    'grant_type',
    'client_id',
    'client_secret',
    'username',
    'password',
    'ttl',
    'nickname',
    'body',
  ],
  ...[
    'ext',
    'queue',
    'start',
    'pull_number',
    'msgType',
    'startTime',
    'endTime',
    'groupname',
    'name',
    'public',
  ],
  ...[
    'owner',
    'members',
    'maxusers',
    'custom',
    'usernames',
    'url',
    'thumb',
    '__proto__',
    'constructor',
    'toString',
  ],
];

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
const object = fc.dictionary(fc.constantFrom(...fields), fc.oneof(leaf, value), { maxKeys: 10 });
const body = fc.oneof(
  { weight: 6, arbitrary: object.map((made) => JSON.stringify(made)) },
  { weight: 1, arbitrary: value.map((made) => JSON.stringify(made)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
);
const pathPart = fc.oneof(
  fc.constantFrom('u1', 'u2', '1', 'u1,u2', '%', '%00', '%ff', '%2F', '..', 'x'.repeat(65), ','),
  fc.string({ unit: 'binary', maxLength: 70 }).map((part) => encodeURIComponent(part.toWellFormed())),
);
const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'text/plain',
      ';',
      'multipart/form-data; boundary=x',
      '',
    ),
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

describe('whatever is asked', () => {
  it('given any row, path, query, headers and body, then the answer is no fault and in the vendor’s shape', async () => {
    const asked = fc.record({
      row: fc.nat(1000),
      parts: fc.array(pathPart, { minLength: 1, maxLength: 3 }),
      query: fc.constantFrom(
        '',
        '&limit=20',
        'a=b&a=c',
        '%',
        'pagenum=x',
        'pagesize=9&pagenum=9',
        '__proto__=1',
      ),
      headers,
      body,
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ row, parts, query, headers: sent, body: payload }) => {
        const route = rows[row % rows.length];
        if (route === undefined) throw new Error('there are rows');
        const url = pathOf(route, parts, query);
        const more = route.method === 'GET' ? {} : { body: payload };
        const answer = await easemob.raw(route.method, url, { headers: sent, ...more });
        expect(answer.status, answer.text).toBeLessThan(500);
        expect(answer.body).toHaveProperty(answer.status === 200 ? ['action'] : ['error_description']);
      }),
      { numRuns: 2_000 },
    );
    expect(easemob.logged.filter((line) => 'err' in line)).toEqual([]);
  }, 120_000);
});
