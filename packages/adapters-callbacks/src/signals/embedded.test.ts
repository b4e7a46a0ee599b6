import { describe, expect, it } from 'vitest';
import type { Topic } from '@recalld/domain';
import { createEmbeddedSignals } from './embedded.js';

describe('embedded signals', () => {
  it('reach every listener at once, topic by topic', () => {
    const signals = createEmbeddedSignals();
    const heard: [string, Topic][] = [];
    signals.listen((topic) => heard.push(['a', topic]));
    signals.listen((topic) => heard.push(['b', topic]));

    signals.announce(['deliveriesDue', 'attachmentsCondemned']);

    expect(heard).toEqual([
      ['a', 'deliveriesDue'],
      ['b', 'deliveriesDue'],
      ['a', 'attachmentsCondemned'],
      ['b', 'attachmentsCondemned'],
    ]);
  });

  it('end with the listening, also for one of two equal listeners', () => {
    const signals = createEmbeddedSignals();
    const heard: Topic[] = [];
    const hear = (topic: Topic) => heard.push(topic);
    const end = signals.listen(hear);
    signals.listen(hear);

    end();
    signals.announce(['attachmentsCondemned']);

    expect(heard).toEqual(['attachmentsCondemned']);
  });

  it('survive a listener that throws: it is logged, the others hear, the announcer goes on', () => {
    const logged: string[] = [];
    const signals = createEmbeddedSignals({ error: (_, message) => logged.push(message) });
    const heard: Topic[] = [];
    signals.listen(() => {
      throw new Error('broken listener');
    });
    signals.listen((topic) => heard.push(topic));

    signals.announce(['deliveriesDue']);

    expect(heard).toEqual(['deliveriesDue']);
    expect(logged).toEqual(['a listener of signals failed']);
  });

  it('let a listener end its listening while it hears', () => {
    const signals = createEmbeddedSignals();
    const heard: Topic[] = [];
    const end = signals.listen(() => end());
    signals.listen((topic) => heard.push(topic));

    signals.announce(['deliveriesDue', 'deliveriesDue']);

    expect(heard).toEqual(['deliveriesDue', 'deliveriesDue']);
  });
});
