import { describe, expect, it } from 'vitest';
import type { Signals, Topic } from '../../ports/signals.js';

export interface SignalsHarness {
  make(): Promise<{ readonly signals: Signals; close(): Promise<void> }>;
}

/** Hears until it has heard so many topics. */
function hearing(
  signals: Signals,
  count: number,
): { readonly heard: Promise<readonly Topic[]>; end(): void } {
  const topics: Topic[] = [];
  let end: () => void = () => undefined;
  const heard = new Promise<readonly Topic[]>((resolve) => {
    end = signals.listen((topic) => {
      topics.push(topic);
      if (topics.length === count) resolve(topics);
    });
  });
  return { heard, end };
}

/** Hints between those who write and those who wait. */
export function describeSignals(name: string, harness: SignalsHarness): void {
  describe(`Signals: ${name}`, () => {
    /** Runs a test on signals of its own, and closes them. */
    const withSignals = async (test: (signals: Signals) => Promise<void>) => {
      const { signals, close } = await harness.make();
      try {
        await test(signals);
      } finally {
        await close();
      }
    };

    it('tells every listener every topic', () =>
      withSignals(async (signals) => {
        const listeners = [hearing(signals, 2), hearing(signals, 2)];

        signals.announce(['deliveriesDue', 'attachmentsCondemned']);

        const heard = await Promise.all(listeners.map((listener) => listener.heard));
        expect(heard.map((topics) => topics.toSorted())).toEqual([
          ['attachmentsCondemned', 'deliveriesDue'],
          ['attachmentsCondemned', 'deliveriesDue'],
        ]);
      }));

    it('tells nothing to who has stopped listening, and stops as often as it is asked to', () =>
      withSignals(async (signals) => {
        const heard: Topic[] = [];
        const end = signals.listen((topic) => heard.push(topic));
        const witness = hearing(signals, 1);
        end();
        end();

        signals.announce(['attachmentsCondemned']);

        expect(await witness.heard).toEqual(['attachmentsCondemned']);
        expect(heard).toEqual([]);
      }));

    it('goes on for the others when one stops while it hears', () =>
      withSignals(async (signals) => {
        const first = hearing(signals, 1);
        void first.heard.then(() => first.end());
        const second = hearing(signals, 2);

        signals.announce(['deliveriesDue']);
        await first.heard;
        signals.announce(['attachmentsCondemned']);

        expect(await second.heard).toEqual(['deliveriesDue', 'attachmentsCondemned']);
      }));

    it('takes an announcement that nobody listens to, and one of nothing', () =>
      withSignals(async (signals) => {
        signals.announce(['deliveriesDue']);
        signals.announce([]);
        const listener = hearing(signals, 1);

        signals.announce(['attachmentsCondemned']);

        expect((await listener.heard).at(-1)).toBe('attachmentsCondemned');
      }));
  });
}
