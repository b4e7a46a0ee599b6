import { createSdkClient } from './webSdk.js';
import type { SdkName } from './sdkLoader.js';
import { msyncLimits } from '../limits.js';
import { decodeFrame } from '../wire/frame.js';
import { encodeProvisionAnswer } from '../wire/provision.js';
import { statusCodes } from '../wire/status.js';
import type { UpSync } from '../wire/sync.js';
import { encodeUnreadAnswer } from '../wire/unread.js';

const tokenMs = 3_600_000;

/** Answers what a client sends or asks for. */
type TakeSync = (sync: UpSync, push: (frame: Uint8Array) => void) => void;

/**
 * An official SDK that is logged in at a server in memory, which has nothing waiting for it and leaves
 * what it sends to the test. Malformed frames of it fail the test.
 */
export async function loggedIn(name: SdkName, user: string, take: TakeSync) {
  let push: (frame: Uint8Array) => void = () => undefined;
  const client = createSdkClient(name, 'here', (bytes, answer) => {
    push = answer;
    const frame = decodeFrame(bytes, msyncLimits.frameBytesMax);
    if (!frame.ok) throw new Error(`the SDK sent a malformed frame: ${frame.fault} ${frame.field}`);
    const { value } = frame;
    if (value.command === 'provision') {
      const { resource, sessionId } = value.provision;
      const login = { status: statusCodes.ok, reason: '', resource, sessionId };
      answer(encodeProvisionAnswer({ ...login, expiresAt: Date.now() + tokenMs }));
    }
    if (value.command === 'unread') answer(encodeUnreadAnswer({ queues: [], at: Date.now() }));
    if (value.command === 'sync') take(value.sync, answer);
  });
  await client.login(user);
  return { ...client, push: (frame: Uint8Array) => push(frame) };
}
