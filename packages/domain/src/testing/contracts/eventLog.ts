import { describe, expect, it } from 'vitest';
import { messageStream } from '../../kernel/stream.js';
import { appSample } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Reading the log by stream and as a whole. */
export function describeEventLog(name: string, harness: StorageHarness): void {
  describe(`EventLog: ${name}`, () => {
    const world = useWorld(harness);

    it('gives the events of one stream in order of version', async () => {
      const { ports, app, send, recall } = world();
      const msgId = await send();
      await send();
      await recall(msgId);

      const events = await ports.log.ofStream(app.no, messageStream(msgId));

      expect(events.map(({ type, version }) => [type, version])).toEqual([
        ['MessageSent', 1],
        ['MessageRecalled', 2],
      ]);
      expect(await ports.log.ofStream(app.no, messageStream('1'))).toEqual([]);
      expect(await ports.log.ofStream(app.no + 1, messageStream(msgId))).toEqual([]);
    });

    it('gives the whole log after a position, in order, so many at a time', async () => {
      const { ports, send } = world();
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      const sent = [
        await send(),
        await send({ app: typeof other === 'object' ? other.no : 0 }),
        await send(),
      ];

      const start = await ports.log.after(0, 2);
      const rest = await ports.log.after(start.at(-1)?.position ?? 0, 10);

      expect(start).toHaveLength(2);
      const streams = [...start, ...rest].map(({ stream }) => stream);
      expect(streams).toEqual(sent.map(messageStream));
      expect(await ports.log.after(rest.at(-1)?.position ?? 0, 10)).toEqual([]);
    });
  });
}
