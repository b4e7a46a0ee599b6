import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  appSample,
  attachmentSample,
  createFixedClock,
  groupSample,
  idAt,
  recallSample,
  ruleSample,
  sampleInstant,
  sendSample,
  textContent,
} from '@recalld/domain/testing';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresForReading } from '../postgresReading.js';
import { openSqliteForReading } from '../sqliteReading.js';
import { postgresStore, sqliteStore } from '../testing/engines.js';
import type { TestStore } from '../testing/engines.js';
import { postgresAvailable } from '../testing/postgres.js';
import { loopOn } from '../testing/commands.js';
import { openTestStorage } from '../testing/postgresStorage.js';
import { startTraffic } from '../testing/traffic.js';
import type { Traffic } from '../testing/traffic.js';
import { createUpkeep } from '../upkeep/upkeep.js';
import type { Reported } from './verify.js';

type Damage = readonly [text: string, ...parameters: (string | number)[]];

/** What is done to the rows, and what is then found: kinds, and how many of each. */
interface Case {
  readonly damage: readonly Damage[];
  readonly kinds: readonly Reported['kind'][];
  /** Where a body has a key, which is not as it should be then. */
  readonly ofKeys?: Reported['kind'];
}

const someMessage = "select min(position) from events where type = 'MessageSent'";
const lastMessage = "select max(position) from events where type = 'MessageSent'";
const ofLive = `select min(event_position) from timeline_items
  where kind = 'message' and state = 'live' and expires_at is null`;
const ofRecalled = "select min(event_position) from timeline_items where state = 'recalled'";

const damages: Readonly<Record<string, Case>> = {
  'an event that is gone': {
    damage: [
      [`delete from timeline_items where event_position = (${ofRecalled})`],
      [
        `delete from events where position = (select min(position) from events e where type = 'MessageSent'
        and exists (select * from events r where r.stream = e.stream and r.version = 2))`,
      ],
    ],
    kinds: ['streamGap'],
  },
  'data that is no JSON': {
    damage: [[`update events set data = '{"msgId":' where position = (${someMessage})`]],
    kinds: ['eventUnreadable'],
  },
  'a type that nobody knows': {
    damage: [[`update events set type = 'MessageEdited' where position = (${someMessage})`]],
    kinds: ['eventTypeUnknown'],
  },
  'a MsgSeq that was given twice': {
    damage: [
      [`update events set message_seq = 1 where position = (${lastMessage})`],
      [`update timeline_items set message_seq = 1 where event_position = (${lastMessage})`],
    ],
    kinds: ['messageSeq'],
  },
  'a place in a timeline that was given twice': {
    damage: [
      [`update events set timeline_position = 1 where position = (${lastMessage})`],
      [`update timeline_items set position = 1 where event_position = (${lastMessage})`],
    ],
    kinds: ['timelinePosition'],
  },
  'a counter behind the log': {
    damage: [["update timelines set head = 0 where timeline = 'pair/u1/u2'"]],
    kinds: ['counterBehind'],
  },
  'an item that is gone': {
    damage: [[`delete from timeline_items where event_position = (${ofLive})`]],
    kinds: ['itemMissing'],
  },
  'an item that says that its message was not recalled': {
    damage: [[`update timeline_items set state = 'live' where event_position = (${ofRecalled})`]],
    kinds: ['itemWrong'],
  },
  'an item without its event': {
    damage: [[`update timeline_items set event_position = ? where event_position = (${ofLive})`, 1_000_000]],
    kinds: ['itemMissing', 'positionAhead'],
  },
  'a watermark that is gone': {
    damage: [[`delete from conversations where "user" = 'u1' and timeline = 'pair/u1/u2'`]],
    kinds: ['watermarkMissing'],
  },
  'a watermark that is too high': {
    damage: [[`update conversations set list_through = 999 where "user" = 'u1' and timeline = 'pair/u1/u2'`]],
    kinds: ['watermarkWrong'],
  },
  'a mark of what was read that is too high': {
    damage: [[`update conversations set read_through = 999 where "user" = 'u1' and timeline = 'pair/u1/u2'`]],
    kinds: ['watermarkWrong'],
  },
  'a time that is too late': {
    damage: [
      [
        `update conversations set roam_sent_through = 9999999999999 where "user" = 'u1' and timeline = 'pair/u1/u2'`,
      ],
    ],
    kinds: ['watermarkWrong'],
  },
  'a message that is no longer deleted': {
    damage: [
      [
        `delete from roaming_deletions where (app_no, "user", timeline, message_seq) in
           (select app_no, "user", timeline, message_seq from roaming_deletions limit 1)`,
      ],
    ],
    kinds: ['watermarkWrong'],
  },
  'a message that nobody deleted': {
    damage: [[`insert into roaming_deletions values (?, 'u9', 'pair/u8/u9', 1)`, 1]],
    kinds: ['watermarkWithoutEvent'],
  },
  'a notice that is gone': {
    damage: [
      [
        `delete from timeline_items where event_position =
           (select min(event_position) from timeline_items where kind = 'acknowledgement')`,
      ],
    ],
    kinds: ['itemMissing'],
  },
  'a watermark of nobody': {
    damage: [[`insert into conversations values (?, 'u9', 'pair/u8/u9', 1, 1, 0, 0, 0)`, 1]],
    kinds: ['watermarkWithoutEvent'],
  },
  'a body that is gone': {
    damage: [[`update bodies set payload = null where position = (${ofLive})`]],
    kinds: ['bodyMissing'],
    ofKeys: 'keyWithoutBody',
  },
  'a body of a recalled message': {
    damage: [
      [
        `update bodies set payload = (select payload from bodies where position = (${ofLive}))
        where position = (${ofRecalled})`,
      ],
    ],
    kinds: ['bodyLeft'],
    ofKeys: 'bodyWithoutKey',
  },
  'a body of another message': {
    damage: [[`update bodies set item_id = '77' where position = (${ofLive})`]],
    kinds: ['bodyWithoutEvent'],
  },
  'a delivery without its event': {
    damage: [
      [
        "update deliveries set events = '[999999]' where first_position = (select min(first_position) from deliveries)",
      ],
    ],
    kinds: ['deliveryWithoutEvent'],
  },
  'deliveries without their rule': {
    damage: [
      [
        'update deliveries set rule_version = 9 where first_position = (select min(first_position) from deliveries)',
      ],
    ],
    kinds: ['deliveryWithoutRule'],
  },
  'a file that says that nothing refers to it': {
    damage: [["update attachments set state = 'uploaded' where attachment = ?", 'referred']],
    kinds: ['attachmentState'],
  },
  'a file of a live message that is condemned': {
    damage: [["update attachments set state = 'purged' where attachment = ?", 'referred']],
    kinds: ['attachmentBytesLeft', 'attachmentState'],
  },
  'a position that was not given out': {
    damage: [["insert into feed_checkpoints values ('events', ?)", 1_000_000]],
    kinds: ['positionAhead'],
  },
};

describe('verify on SQLite', () => {
  describeVerify(sqliteStore, async ({ place }) => openSqliteForReading({ dataDir: place }));

  it('given bytes that nothing is known of, then they are found once they are old', async () => {
    const store = await sqliteStore();
    const dir = path.join(store.place, 'attachments');
    mkdirSync(dir);
    const [old, young] = ['a', 'b'].map((first) => `${first}0000000-0000-4000-8000-000000000000`);
    for (const id of [old, young]) writeFileSync(path.join(dir, id ?? ''), 'bytes');
    utimesSync(path.join(dir, old ?? ''), 0, 0);
    const reading = await openSqliteForReading({ dataDir: store.place });

    const { findings } = await verified(reading);

    expect(findings.map(({ kind, about }) => ({ kind, about }))).toEqual([
      { kind: 'attachmentBytesLeft', about: { attachment: old } },
    ]);
    await reading.close();
    await store.close();
  });
});

describe.skipIf(!postgresAvailable)('verify on PostgreSQL', () => {
  const openReading = async ({ place }: TestStore) => openPostgresForReading({ url: place });
  describeVerify(postgresStore, openReading);

  it.each([
    ['a body without its key', `delete from body_keys where position = (${ofLive})`, 'bodyWithoutKey'],
    [
      'a key of a body that is gone',
      `insert into body_keys (position, item_day, piece, wrapped)
        select position, item_day, 0, '' from bodies where position = (${ofRecalled})`,
      'keyWithoutBody',
    ],
    [
      'a key of a file that nobody knows',
      "insert into attachment_keys values ('bytes/x', '')",
      'attachmentBytesLeft',
    ],
  ])('given %s, then it is found', async (_, text, kind) => {
    const store = await postgresStore();
    await (await startTraffic(store.nodes)).go(100);
    await store.run(text);
    const reading = await openReading(store);

    const { findings } = await verified(reading);

    expect(findings.map((finding) => finding.kind)).toEqual([kind]);
    await reading.close();
    await store.close();
  });
});

describe.skipIf(!postgresAvailable)('verify on PostgreSQL, of content whose keys went with their day', () => {
  const dayMs = 86_400_000;
  const now = Math.floor(Date.now() / dayMs) * dayMs + 3_600_000;
  const retention = { messageRetentionMs: 30 * dayMs, logRetentionMs: null };

  /** A message of today, and one of the same day that was recalled, with its words. */
  async function givenContent() {
    const { storage, url, remove } = await openTestStorage(retention);
    const app = await storage.apps.create(appSample());
    if (typeof app !== 'object') throw new Error('the app is there');
    const loop = loopOn(storage.commands);
    const common = { app: app.no, now };
    for (const n of [1, 2]) {
      await loop.submit([
        sendSample({ ...common, msgId: idAt(now, n), expiresAt: now + retention.messageRetentionMs }),
      ]);
    }
    await loop.submit([
      recallSample({ ...common, msgId: idAt(now, 2), recallId: idAt(now, 3), extension: textContent('why') }),
    ]);
    return { url, remove };
  }

  async function verifiedAt(url: string, instant: number) {
    const reading = await openPostgresForReading({ url });
    const { findings } = await verified(reading, instant);
    await reading.close();
    return findings.map(({ kind }) => kind);
  }

  it('given that it expired, and the bodies lie in a partition that is not over, then nothing is found', async () => {
    const { url, remove } = await givenContent();
    const later = now + 33 * dayMs;
    const clock = createFixedClock(later);
    const [chore] = createUpkeep({ url, clock, log: undefined, ...retention }).chores.filter(
      ({ name }) => name === 'drop expired content',
    );
    while ((await chore?.run()) === true);

    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(
      `select (select count(*) from body_keys)::int as keys, count(payload)::int as bodies from bodies`,
    );
    await client.end();
    expect(rows).toEqual([{ keys: 0, bodies: 2 }]);
    expect(await verifiedAt(url, later)).toEqual([]);
    await remove();
  });

  it('given that it is still kept, then each is found', async () => {
    const { url, remove } = await givenContent();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('delete from body_keys');
    await client.end();

    expect(await verifiedAt(url, now)).toEqual(['bodyWithoutKey', 'bodyWithoutKey']);
    await remove();
  });
});

type Reading = Awaited<ReturnType<typeof openSqliteForReading>>;

async function verified({ verify }: Reading, now: number = sampleInstant) {
  const findings: Reported[] = [];
  const checks: { readonly name: string; readonly rows: number; readonly findings: number }[] = [];
  await verify({
    now,
    found: (finding) => findings.push(finding),
    checked: (check) => checks.push(check),
    stop: new AbortController().signal,
  });
  return { findings, checks };
}

function describeVerify(
  open: () => Promise<TestStore>,
  openReading: (store: TestStore) => Promise<Reading>,
): void {
  let store: TestStore;
  let traffic: Traffic;
  let reading: Reading;
  beforeEach(async () => {
    store = await open();
    traffic = await startTraffic(store.nodes);
    const { app } = traffic;
    const [{ rules, chats, attachments }] = store.nodes;
    await rules.create(ruleSample(app, 'r1'));
    await chats.create(groupSample(app, 'g1', { owner: 'u1' }), ['u2']);
    await attachments.add(attachmentSample(app, 'uploaded'));
    await attachments.add(attachmentSample(app, 'referred'));
    await traffic.send({ attachments: ['referred'] });
    await traffic.go(150);
    await giveBytes(store, ['uploaded', 'referred']);
    reading = await openReading(store);
  });
  afterEach(async () => {
    await reading.close();
    await store.close();
  });

  it('given a store after a busy history, then nothing is found, and everything was looked at', async () => {
    const { findings, checks } = await verified(reading);

    expect(findings).toEqual([]);
    expect(checks.filter(({ rows }) => rows === 0).map(({ name }) => name)).toEqual([
      // Of these two the tests' names are no names of files.
      ...(store.kind === 'sqlite' ? ['attachment bytes'] : []),
    ]);
  });

  it('given traffic that goes on, then nothing is found', async () => {
    let over = false;
    const busy = traffic.go(400).finally(() => {
      over = true;
    });
    do expect((await verified(reading)).findings).toEqual([]);
    while (!over);
    await busy;
  });

  it.each(Object.entries(damages))('given %s, then it is found', async (_, { damage, kinds, ofKeys }) => {
    for (const [text, ...parameters] of damage) await store.run(text, ...parameters);

    const { findings, checks } = await verified(reading);

    const wanted = ofKeys === undefined || store.kind === 'sqlite' ? kinds : [...kinds, ofKeys];
    expect(findings.map(({ kind }) => kind).sort()).toEqual([...wanted].sort());
    expect(checks.reduce((sum, check) => sum + check.findings, 0)).toBe(wanted.length);
    for (const { advice } of findings) expect(advice).not.toBe('');
  });

  it('given damage of many rows, then each is named once, by its app', async () => {
    await store.run("delete from timeline_items where kind = 'message'");
    const lost = await store.run("select position from events where type = 'MessageSent' order by 1");

    const { findings } = await verified(reading);

    expect(findings.map(({ about }) => ({ position: about['position'] }))).toEqual(lost);
    expect(new Set(findings.map(({ kind, app }) => `${kind} of ${app}`))).toEqual(
      new Set(['itemMissing of demo-org#demo-app']),
    );
  });

  it('given nothing but damage, then nothing is changed by looking', async () => {
    await store.run('delete from conversations');
    await verified(reading);
    expect(await store.run('select * from conversations')).toEqual([]);
  });
}

/** As uploads leave them, for files that only the rows know of. */
async function giveBytes({ kind, place, run }: TestStore, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    if (kind === 'postgres') await run("insert into attachment_keys values (?, '')", `bytes/${id}`);
    else {
      mkdirSync(path.join(place, 'attachments'), { recursive: true });
      writeFileSync(path.join(place, 'attachments', id), 'bytes');
    }
  }
}
