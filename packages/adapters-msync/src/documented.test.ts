import { readFileSync } from 'node:fs';
import { limits } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { msyncLimits } from './limits.js';
import { endings } from './sessions/endings.js';
import type { Ending } from './sessions/endings.js';
import { loginRefusals } from './sessions/loginRefusals.js';
import { recallRefusals, refusals } from './up/refusals.js';
import { statusCodes } from './wire/status.js';

const page = readFileSync(new URL('../../../docs/clients.md', import.meta.url), 'utf8');

/** The rows of the first table after some words, without their head; cells as they stand there. */
function rowsAfter(words: string): readonly (readonly string[])[] {
  const [, after] = page.split(words);
  if (after === undefined) throw new Error(`docs/clients.md has no "${words}"`);
  const table = after.slice(after.indexOf('\n| '));
  const lines = table.slice(1, table.indexOf('\n\n')).split('\n').slice(2);
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Status and reason of every row. */
const shown = (words: string) => rowsAfter(words).map(([, said = '']) => said);
const said = (status: number, reason: string) => `${status} \`${reason}\``;
const number = new Intl.NumberFormat('en-US');

describe('what docs/clients.md says', () => {
  it('of refused logins is every refusal, in its words', () => {
    const all = Object.values(loginRefusals).map(({ status, reason }) => said(status, reason));
    expect(shown('Of a login.').toSorted()).toEqual(all.toSorted());
  });

  it('of what clients send is every refusal, in its words', () => {
    const all = Object.values(refusals).map(({ code, reason }) => said(code, reason));
    const fieldsRefusal = `${statusCodes.wrongParameter}, the field's name`;
    expect(shown('Of what a client sends').toSorted()).toEqual([...all, fieldsRefusal].toSorted());
  });

  it('of refused recalls is all that a client can hear', () => {
    // Of a chat that is not there a client hears that no message is there: it never waives the message.
    const { chatNotFound, ...heard } = recallRefusals;
    const all = new Set(Object.values(heard).map(({ code, reason }) => said(code, reason)));
    expect(all).not.toContain(said(chatNotFound.code, chatNotFound.reason));
    expect(new Set(shown('## Recall'))).toEqual(all);
  });

  it('of the ends of sessions is every one, with its close code', () => {
    const documented = rowsAfter('## What ends a session').map(([name, , closeCode, sdk = '']) => [
      name,
      closeCode,
      sdk.includes('stays away'),
    ]);
    const all = Object.entries<Ending>(endings).map(([name, { closeCode, kick }]) => [
      `\`${name}\``,
      String(closeCode ?? ''),
      kick !== undefined,
    ]);
    expect(documented.toSorted()).toEqual(all.toSorted());
  });

  it('of limits are the numbers that hold', () => {
    const rows = new Map(rowsAfter('## Limits').map(([name = '', value = '']) => [name, value]));
    const holding: readonly (readonly [string, readonly number[]])[] = [
      ['sessions of one node', [msyncLimits.sessionsMax]],
      ['sessions of one user on one node', [msyncLimits.sessionsPerUserMax]],
      ['one frame, bytes', [msyncLimits.frameBytesMax, msyncLimits.refusedFrameBytesMax]],
      ['a message as its client encodes it, bytes', [limits.clientMessageBytesMax]],
      ['members in `receiverList`', [limits.directedToMax]],
      ['files of one message', [limits.attachmentsPerMessageMax]],
      ['frames of one session', [msyncLimits.framesAtOnceMax, msyncLimits.framesPerSecond]],
      ['frames of one session that are being answered', [msyncLimits.framesInHandMax]],
      [
        'sockets that have not logged in, of one node',
        [msyncLimits.strangersMax, msyncLimits.loginWaitMs / 1000, msyncLimits.frameBytesMax],
      ],
      ['logins of one user on one node', [msyncLimits.loginsAtOnceMax, msyncLimits.loginsPerSecond]],
      [
        'rooms that one user joins and leaves, on one node',
        [msyncLimits.roomChangesAtOnceMax, msyncLimits.roomChangesPerSecond],
      ],
      ['unread by the device, bytes', [msyncLimits.unsentBytesMax, msyncLimits.unreadSocketMs / 1000]],
      ['silence', [msyncLimits.silentMs / 1000]],
    ];
    const numbers = (text: string) =>
      [...text.matchAll(/\d[\d,]*/g)].map(([found]) => found.replace(/,$/, ''));
    for (const [name, values] of holding) {
      expect(numbers(rows.get(name) ?? ''), name).toEqual(values.map((value) => number.format(value)));
    }
    expect(rows.size).toBe(holding.length);
    expect(page).toContain(`looks every ${msyncLimits.revocationsMs / 1000} s`);
    expect(page).toContain(`holds ${msyncLimits.refusedFrameBytesMax / 2 ** 20} MiB`);
    expect(page).toContain(`its login ${msyncLimits.frameBytesMax / 1024} KiB`);
    expect(page).toContain(`not been seen for ${limits.deviceKeptMs / 86_400_000} days`);
    expect(page).toContain(`${limits.devicesPerUserMax} of a user are remembered`);
    expect(page).toContain(`${number.format(limits.messageBytesMax)} bytes at most`);
  });
});
