import { describe, expect, it } from 'vitest';
import { idAt, sampleInstant, textContent } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import { recallUnit, sendUnit } from '../units.js';

const first = idAt(sampleInstant, 1);
const second = idAt(sampleInstant, 2);

/** Bodies: as they came, and gone with the recall. */
export function describeContentReader(name: string, harness: StorageHarness): void {
  describe(`ContentReader: ${name}`, () => {
    const world = useWorld(harness);

    it('gives a body back byte by byte, whatever is in it', async () => {
      const { ports, app } = world();
      const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
      const binary = { format: 'msync', payload: bytes } as const;
      const empty = { format: 'tencent', payload: new Uint8Array(0) } as const;
      await ports.commands.commit([
        sendUnit(app.no, { msgId: first, content: binary }),
        sendUnit(app.no, { msgId: second, content: empty }),
      ]);

      const bodies = await ports.contents.read(app.no, [first, second, idAt(sampleInstant, 3)]);

      expect([...bodies.keys()].toSorted()).toEqual([first, second].toSorted());
      expect(bodies.get(first)?.format).toBe('msync');
      expect([...(bodies.get(first)?.payload ?? [])]).toEqual([...bytes]);
      expect(bodies.get(second)?.format).toBe('tencent');
      expect(bodies.get(second)?.payload.byteLength).toBe(0);
    });

    it('answers nothing for no items', async () => {
      const { ports, app } = world();
      expect((await ports.contents.read(app.no, [])).size).toBe(0);
    });

    it('has nothing of an erased body, and all of the others', async () => {
      const { ports, app } = world();
      await ports.commands.commit([sendUnit(app.no), sendUnit(app.no, { msgId: second })]);

      await ports.commands.commit([recallUnit(app.no)]);

      const bodies = await ports.contents.read(app.no, [first, second]);
      expect([...bodies.keys()]).toEqual([second]);
    });

    it('keeps what a recall says as the body of its notice', async () => {
      const { ports, app } = world();
      const recallId = idAt(sampleInstant + 60_000, 5);
      const extension = textContent('why');
      await ports.commands.commit([sendUnit(app.no)]);

      await ports.commands.commit([recallUnit(app.no, { recallId }, { extension })]);

      const bodies = await ports.contents.read(app.no, [first, recallId]);
      expect([...bodies]).toEqual([[recallId, extension]]);
    });

    it('erases what a body was even when it came in the same batch', async () => {
      const { ports, app } = world();

      await ports.commands.commit([sendUnit(app.no), recallUnit(app.no)]);

      expect((await ports.contents.read(app.no, [first])).size).toBe(0);
    });

    it('erases once: taking away what is not there is no fault', async () => {
      const { ports, app } = world();
      const unheld = { held: false, messageSeq: null, messageKey: null };

      const committed = await ports.commands.commit([recallUnit(app.no, unheld, { expected: 0 })]);

      expect(committed.ok).toBe(true);
    });
  });
}
