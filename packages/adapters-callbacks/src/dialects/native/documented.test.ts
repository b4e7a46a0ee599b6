import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RecordedEvent } from '@recalld/domain';
import { publicEventTypes } from '@recalld/domain';
import {
  deletionSample,
  policySample,
  purgeSample,
  resumptionSample,
  suspensionSample,
  testSample,
} from '../../testing/events.js';
import {
  appSample,
  groupRecallSample,
  recallSample,
  recordedSample,
  ruleSample,
} from '../../testing/samples.js';
import { testedType } from './envelope.js';
import type { CloudEvent } from './envelope.js';
import { native } from './native.js';
import { newNativeSecret } from './signature.js';

const docs = new URL('../../../../../docs/', import.meta.url);
const schemaFiles = readdirSync(new URL('schemas/', docs));
const page = readFileSync(new URL('events.md', docs), 'utf8');

const ajv = new Ajv2020({ allErrors: true });
addFormats.default(ajv);
const validators = new Map(
  schemaFiles.map((file) => [
    file.replace(/\.json$/, ''),
    ajv.compile(JSON.parse(readFileSync(new URL(`schemas/${file}`, docs), 'utf8')) as object),
  ]),
);

const secret = newNativeSecret();

function request(event: RecordedEvent, now = Date.now()) {
  const rule = ruleSample({ dialect: 'native' });
  const app = appSample({ org: 'demo-org', name: 'demo-app' });
  const secrets = { secret, previousSecret: null };
  return native.render({ app, rule, ...secrets, events: [event], hostName: 'host', unread: 0 }, now);
}

function rendered(event: RecordedEvent): CloudEvent {
  return JSON.parse(request(event).body) as CloudEvent;
}

function isDocumented(type: string, envelope: unknown): boolean {
  const validate = validators.get(type);
  if (validate === undefined) throw new Error(`${type} has no schema`);
  return validate(envelope);
}

/** An event as the log has it at a moment, by the command and at the position of an example's id. */
function at(time: string, id: `${string}-${number}`, event: RecordedEvent): RecordedEvent {
  const [commandId = '', position] = id.split('-');
  return { ...event, occurredAt: Date.parse(time), commandId, position: Number(position) };
}

const rule = { ruleId: '0d5e8f0e-8f5c-4d0a-9c63-0b8d6cf0f1aa', ruleName: 'archive' };
const msgId = '1487204401270882305';

/** The events that the page's examples tell of. */
const examples: readonly RecordedEvent[] = [
  at(
    '2025-11-22T09:41:07.214Z',
    '1-1',
    recordedSample(
      groupRecallSample(1, {
        msgId,
        recallId: '1487204512940032001',
        from: 'alice',
        by: 'alice',
        chat: { kind: 'groupchat', id: '271828182845905' },
      }),
    ),
  ),
  at(
    '2025-11-22T09:41:27.500Z',
    '1487204600000512002-18',
    deletionSample({ user: 'alice', channel: 'bob b.', roaming: 'deleted' }),
  ),
  at('2025-11-22T09:41:07.431Z', '1487204513020004003-19', purgeSample({ msgId })),
  at('2025-11-22T09:42:00.000Z', '1487204700000512004-20', policySample()),
  at(
    '2025-11-22T09:52:31.090Z',
    '1487204800000512005-21',
    suspensionSample({ ...rule, failingSince: 1_763_804_550_120 }),
  ),
  at('2025-11-22T10:10:02.345Z', '1487204900000512006-22', resumptionSample(rule)),
  at('2025-11-22T10:15:00.001Z', '1487205000000512007-23', testSample(rule)),
];

/** Other shapes that the same types take. */
const others: readonly RecordedEvent[] = [
  recordedSample(recallSample({ forced: true, held: false, messageSeq: null, messageKey: null })),
  recordedSample(groupRecallSample(2, { chat: { kind: 'chatroom', id: 'r1' } })),
  deletionSample({ user: 'a/b', kind: 'groupchat', channel: '猫', roaming: 'kept' }),
  policySample({ enabled: false, windowSeconds: 604_800 }),
];

/** The text of the first code block in a language below a heading. */
function codeBelow(heading: string, language: string): string {
  const section = page.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const [, code = ''] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(section) ?? [];
  return code;
}

describe('the documented schemas', () => {
  it('are one per type that goes out, and no more', () => {
    expect([...validators.keys()].sort()).toEqual([...publicEventTypes, testedType].sort());
    expect(examples.map((event) => rendered(event).type)).toEqual([...publicEventTypes, testedType]);
  });

  it.each([...examples, ...others].map(rendered))('describe what is sent: $type $subject', (envelope) => {
    const valid = isDocumented(envelope.type, envelope);

    expect(validators.get(envelope.type)?.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it.each(examples.map(rendered))('know no other field than those of $type', (envelope) => {
    const { type, data } = envelope;

    expect(isDocumented(type, { ...envelope, more: 1 })).toBe(false);
    expect(isDocumented(type, { ...envelope, data: { ...data, more: 1 } })).toBe(false);
  });

  it.each(examples.map(rendered))('miss every field that is left out of $type', (envelope) => {
    const without = (value: object, field: string) =>
      Object.fromEntries(Object.entries(value).filter(([name]) => name !== field));
    const { type, data } = envelope;

    const left = Object.keys(envelope).filter((field) => isDocumented(type, without(envelope, field)));
    const leftOfData = Object.keys(data).filter((field) =>
      isDocumented(type, { ...envelope, data: without(data, field) }),
    );
    expect([...left, ...leftOfData]).toEqual([]);
  });

  it('know a group_id in groups and rooms alone', () => {
    const pair = rendered(recordedSample(recallSample()));

    expect(isDocumented(pair.type, pair)).toBe(true);
    expect(isDocumented(pair.type, { ...pair, data: { ...pair.data, group_id: 'g1' } })).toBe(false);
  });
});

describe('the page about events', () => {
  it.each(examples.map(rendered))('shows $type as it is sent, fields in their order', (envelope) => {
    expect(codeBelow(envelope.type, 'json')).toBe(`${JSON.stringify(envelope, null, 2)}\n`);
  });

  it('shows a receiver that works off each event once and refuses what is not signed', async () => {
    const env = { ...process.env, RECALLD_RULE_SECRET: secret, PORT: '0' };
    const receiver = spawn(process.execPath, ['--input-type=module', '-e', codeBelow('By HTTP', 'js')], {
      // Where the library is found.
      cwd: fileURLToPath(new URL('../../../', import.meta.url)),
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(receiver, 'exit');
    onTestFinished(async () => {
      receiver.kill();
      await exited;
    });
    const printed: string[] = [];
    const lines = createInterface(receiver.stdout).on('line', (line) => printed.push(line));
    await once(lines, 'line');
    const port = /\d+$/.exec(printed[0] ?? '')?.[0];
    const post = async (change: object, now?: number) => {
      const { headers, body } = request(recordedSample(recallSample()), now);
      const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body, ...change });
      return answer.status;
    };

    expect(await post({})).toBe(204);
    expect(await post({}, Date.now() - 2_000)).toBe(204);
    expect(await post({ body: '{}' })).toBe(401);
    expect(await post({}, Date.now() - 600_000)).toBe(401);

    receiver.kill();
    await once(lines, 'close');
    expect(printed.slice(1)).toEqual(['message.recalled messages/999999999999999999']);
  });
});
