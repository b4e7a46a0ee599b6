import type { Topic } from '@recalld/domain';
import { describeSignals } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { startNatsServer } from '../../../../scripts/lib/natsServer.mjs';
import { noNatsServer, silentLog, useClosing } from '../testing/natsWorld.js';
import { until } from '../testing/until.js';
import { createNatsLink } from './link.js';
import type { NatsLink } from './link.js';
import { createNatsSignals } from './natsSignals.js';

describe.skipIf(noNatsServer)('over a broker', () => {
  describeSignals('NATS', {
    make: async () => {
      const server = await startNatsServer();
      const link = createNatsLink({ url: server.url, log: silentLog(), name: 'test' });
      await until('it is connected', () => link.connected());
      const signals = createNatsSignals({ link, log: silentLog() });
      const close = async () => {
        signals.close();
        await link.close();
        await server.stop();
      };
      return { signals, close };
    },
  });
});

describe('signals without a broker', () => {
  describeSignals('NATS that is away', {
    make: async () => {
      const link = createNatsLink({ url: 'nats://127.0.0.1:1', log: silentLog(), name: 'test' });
      const signals = createNatsSignals({ link, log: silentLog() });
      return { signals, close: () => link.close() };
    },
  });
});

describe.skipIf(noNatsServer)('signals between nodes', () => {
  const { broker, link, afterwards } = useClosing();

  function process(of: NatsLink) {
    const signals = createNatsSignals({ link: of, log: silentLog() });
    afterwards(() => signals.close());
    const heard: Topic[] = [];
    signals.listen((topic) => heard.push(topic));
    return { signals, heard };
  }

  async function twoProcesses(url: string) {
    const links = [link(url), link(url)] as const;
    const [a, b] = [process(links[0]), process(links[1])];
    await connected(links);
    return { a, b, links };
  }

  /** Both are connected, and the broker has their subscriptions. */
  async function connected(links: readonly NatsLink[]): Promise<void> {
    for (const one of links) await until('it is connected', () => one.connected());
    for (const one of links) await one.current()?.nats.flush();
  }

  it('are heard here at once and there soon, each once', async () => {
    const { a, b, links } = await twoProcesses((await broker()).url);

    a.signals.announce(['deliveriesDue', 'eventsRecorded']);

    expect(a.heard).toEqual(['deliveriesDue', 'eventsRecorded']);
    await until('they are heard there', () => b.heard.length === 2);
    for (const one of links) await one.current()?.nats.flush();
    expect(b.heard).toEqual(['deliveriesDue', 'eventsRecorded']);
    expect(a.heard).toHaveLength(2);
  });

  it('of each are heard by all others', async () => {
    const { url } = await broker();
    const links = [link(url), link(url), link(url)];
    const nodes = links.map(process);
    await connected(links);
    const topics: readonly Topic[] = ['deliveriesDue', 'redeliveriesStarted', 'eventsRecorded'];

    for (const [index, topic] of topics.entries()) nodes[index]?.signals.announce([topic]);

    await until('all are heard everywhere', () => nodes.every(({ heard }) => heard.length === 3));
    for (const { heard } of nodes) expect(heard.toSorted()).toEqual(topics.toSorted());
  });

  it('that come a thousand at a time are told a few times', async () => {
    const { a, b } = await twoProcesses((await broker()).url);

    for (let i = 0; i < 1_000; i += 1) a.signals.announce(['deliveriesDue']);
    a.signals.announce(['ruleHealthChanged']);

    await until('the last one is heard', () => b.heard.includes('ruleHealthChanged'));
    expect(b.heard.filter((topic) => topic === 'deliveriesDue').length).toBeLessThan(10);
    expect(a.heard).toHaveLength(1_001);
  });

  it('of an unknown topic are ignored', async () => {
    const { a, b, links } = await twoProcesses((await broker()).url);
    const nats = links[0].current()?.nats;

    nats?.publish('recalld.signals.somethingNewer');
    nats?.publish('recalld.signals.toString');
    await nats?.flush();
    a.signals.announce(['deliveriesDue']);

    await until('the known one is heard', () => b.heard.length > 0);
    expect(b.heard).toEqual(['deliveriesDue']);
  });

  it('are told again after the broker was away, and those of meanwhile are lost', async () => {
    const server = await broker();
    const { a, b, links } = await twoProcesses(server.url);
    await server.kill();
    await until('both noticed', () => links.every((one) => !one.connected()));

    a.signals.announce(['attachmentsCondemned']);
    await server.start();
    await connected(links);
    a.signals.announce(['deliveriesDue']);

    await until('the new one is heard', () => b.heard.includes('deliveriesDue'));
    expect(b.heard).toEqual(['deliveriesDue']);
    expect(a.heard).toEqual(['attachmentsCondemned', 'deliveriesDue']);
  });
});
