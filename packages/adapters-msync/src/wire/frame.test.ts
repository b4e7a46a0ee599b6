import { describe, expect, it } from 'vitest';
import { appKey, clientFrame, clientMeta, loginFrame, pullFrame, sendFrame } from '../testing/given.js';
import { wire } from './descriptors.js';
import { decodeFrame as decode } from './frame.js';

const none = new Uint8Array();
const bytesMax = 10_000;
const decodeFrame = (bytes: Uint8Array) => decode(bytes, bytesMax);
const long = (bytes: number) => 'x'.repeat(bytes);

/** A Provision or guid may be of anybody's making. */
function guid(change: object) {
  return { guid: { appKey, name: 'alice', clientResource: 'webim_web_1', ...change } };
}

describe('a frame of a client', () => {
  it('logs in with the token, without its prefix', () => {
    const frame = decodeFrame(
      loginFrame({ deviceName: 'webim_web_1', deviceUuid: 'u', actionVersion: 'v5.2' }),
    );

    expect(frame).toEqual({
      ok: true,
      value: {
        command: 'provision',
        provision: {
          appKey,
          user: 'alice',
          resource: 'webim_web_1',
          token: 'token',
          sessionId: '1:',
          osType: 16,
          version: '4.21.1',
          deviceName: 'webim_web_1',
          deviceUuid: 'u',
          actionVersion: 'v5.2',
        },
      },
    });
  });

  it('is known by the resource of its name when the login names none', () => {
    expect(decodeFrame(loginFrame({ resource: undefined }))).toMatchObject({
      value: { provision: { resource: 'webim_web_1' } },
    });
  });

  it('may leave the token and what it tells of itself out', () => {
    const bare = loginFrame(
      { version: undefined, osType: undefined, sessionId: undefined },
      { auth: undefined },
    );

    expect(decodeFrame(bare)).toMatchObject({
      value: { provision: { token: '', version: null, osType: null, sessionId: '' } },
    });
  });

  it('tells of itself in as many words as are kept', () => {
    const provision = { version: long(300), deviceName: 'a\u0000b' };

    expect(decodeFrame(loginFrame(provision))).toMatchObject({
      value: { provision: { version: long(256), deviceName: 'ab' } },
    });
  });

  it.each([
    ['nobody', loginFrame({}, { guid: undefined }), 'missingField', 'guid'],
    ['no app', loginFrame({}, guid({ appKey: undefined })), 'missingField', 'guid'],
    ['a name without a letter', loginFrame({}, guid({ name: '' })), 'wrongField', 'guid'],
    ['a name that no store keeps', loginFrame({}, guid({ name: 'a\u0000' })), 'wrongField', 'guid'],
    ['a name too long', loginFrame({}, guid({ name: long(65) })), 'wrongField', 'guid'],
    ['no device', loginFrame({ resource: '' }, guid({ clientResource: '' })), 'missingField', 'resource'],
    ['a device name too long', loginFrame({ resource: long(257) }), 'wrongField', 'resource'],
    ['a token without end', loginFrame({}, { auth: `$t$${long(8_193)}` }), 'tooLong', 'auth'],
  ])('does not log in as %s', (_, frame, fault, field) => {
    expect(decodeFrame(frame)).toEqual({ ok: false, fault, field });
  });

  it.each(['unread', 'logout'] as const)('says %s with nothing in it', (command) => {
    expect(decodeFrame(clientFrame(command, none))).toEqual({ ok: true, value: { command } });
  });

  it('asks for a queue from its start, or behind a key', () => {
    const queue = { appKey, name: 'bob', domain: 'easemob.com' };
    const sync = { kind: 'pull', queue };

    expect(decodeFrame(pullFrame())).toMatchObject({ value: { sync: { ...sync, key: null } } });
    expect(decodeFrame(pullFrame({ key: '45' }))).toMatchObject({ value: { sync: { ...sync, key: 45 } } });
  });

  it('sends something', () => {
    expect(decodeFrame(sendFrame())).toMatchObject({
      value: {
        command: 'sync',
        sync: {
          kind: 'send',
          meta: {
            id: '530361692274',
            namespace: 'chat',
            route: 'all',
            directedTo: null,
            to: { name: 'bob' },
          },
        },
      },
    });
  });

  it('sends to a few of a group alone', () => {
    const frame = sendFrame(clientMeta({ routetype: 2, directedUsers: ['bob', 'carol'] }));

    expect(decodeFrame(frame)).toMatchObject({
      value: { sync: { meta: { route: 'direct', directedTo: ['bob', 'carol'] } } },
    });
  });

  it.each([
    ['a key past what is counted', pullFrame({ key: '18446744073709551615' }), 'wrongField', 'key'],
    ['neither a queue nor a Meta', pullFrame({ queue: undefined }), 'missingField', 'queue'],
    ['a Meta without an id', sendFrame(clientMeta({ id: undefined })), 'missingField', 'id'],
    ['a Meta with the id 0', sendFrame(clientMeta({ id: '0' })), 'missingField', 'id'],
    ['a Meta in broken bytes', sendFrame(Uint8Array.from([8])), 'notProtobuf', null],
    ['a count with a wrong route', sendFrame(clientMeta({ ns: 0, routetype: 9 })), 'wrongField', 'routetype'],
    ['a command of servers', clientFrame('notice', none), 'unknownCommand', 'command'],
    ['a command that nobody knows', clientFrame(99, none), 'unknownCommand', 'command'],
    ['a login of more bytes than a frame has', loginFrame({ version: long(bytesMax) }), 'tooLong', null],
    ['a pull of as many', pullFrame({ queue: { name: long(bytesMax) } }), 'tooLong', null],
    [
      'a count of as many',
      sendFrame(clientMeta({ ns: 0, payload: Buffer.alloc(bytesMax) })),
      'tooLong',
      null,
    ],
  ])('is refused with %s', (_, frame, fault, field) => {
    expect(decodeFrame(frame)).toEqual({ ok: false, fault, field });
  });

  it.each([
    ['in a namespace that nobody knows', { ns: 7 }, 'wrongField', 'ns'],
    ['by a route that nobody knows', { routetype: -1 }, 'wrongField', 'routetype'],
    ['to a member without a name', { directedUsers: [''] }, 'wrongField', 'directed_users'],
    ['to a member whose name is too long', { directedUsers: [long(65)] }, 'wrongField', 'directed_users'],
    ['to more members than fields are read', { directedUsers: Array(4_097).fill('') }, 'tooMany', null],
    ['of more bytes than a frame has', { payload: Buffer.alloc(bytesMax) }, 'tooLong', null],
  ])('that sends %s can be answered', (_, change, fault, field) => {
    const sync = { kind: 'faulty', id: '530361692274', fault: { ok: false, fault, field } };

    expect(decodeFrame(sendFrame(clientMeta(change)))).toEqual({
      ok: true,
      value: { command: 'sync', sync },
    });
  });

  it('without a command is a sync, as protobuf has it', () => {
    const payload = wire.commSyncUp.encode({ queue: { name: 'bob' } }).finish();

    expect(decodeFrame(wire.msync.encode({ payload }).finish())).toMatchObject({
      value: { command: 'sync' },
    });
  });
});
