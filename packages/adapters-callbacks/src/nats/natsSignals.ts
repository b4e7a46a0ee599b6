import type { Log, Signals, Topic } from '@recalld/domain';
import type { Subscription } from 'nats';
import { createEmbeddedSignals } from '../signals/embedded.js';
import type { NatsLink } from './link.js';

export interface NatsSignalsDeps {
  readonly link: NatsLink;
  readonly log: Pick<Log, 'error'>;
}

export interface NatsSignals extends Signals {
  /** Ends the hearing of other nodes. */
  close(): void;
}

const subjectPrefix = 'recalld.signals.';

/** Other nodes are told a topic at most this often: a hint that comes again a moment later adds nothing. */
const tellIntervalMs = 5;

const known: Readonly<Record<Topic, true>> = {
  deliveriesDue: true,
  attachmentsCondemned: true,
  ruleHealthChanged: true,
  redeliveriesStarted: true,
  rebuildStarted: true,
  eventsRecorded: true,
  liveNews: true,
};

/**
 * Signals of all nodes that share a broker: heard at once in this one, a moment later in the others,
 * and not there at all while the broker is away: they find it in their sweeps. A newer node's unknown
 * topics are ignored.
 */
export function createNatsSignals({ link, log }: NatsSignalsDeps): NatsSignals {
  const here = createEmbeddedSignals(log);
  const untold = new Set<Topic>();
  let pacing: NodeJS.Timeout | undefined;
  let heard: Subscription | undefined;

  const endHearing = link.onConnect(({ nats }) => {
    heard = nats.subscribe(`${subjectPrefix}*`, {
      callback: (err, message) => {
        const topic = err === null ? message.subject.slice(subjectPrefix.length) : '';
        if (isTopic(topic)) here.announce([topic]);
      },
    });
  });

  function tell(): void {
    const topics = [...untold];
    untold.clear();
    pacing = undefined;
    const nats = link.current()?.nats;
    if (topics.length === 0 || nats === undefined) return;
    try {
      for (const topic of topics) nats.publish(`${subjectPrefix}${topic}`);
    } catch (err) {
      // It broke this very moment: what was not told is found by the next sweep.
      log.error({ err }, 'a signal was not told to other nodes');
    }
    pacing = setTimeout(tell, tellIntervalMs).unref();
  }

  return {
    announce: (topics) => {
      here.announce(topics);
      for (const topic of topics) untold.add(topic);
      if (pacing === undefined) tell();
    },
    listen: here.listen,
    close: () => {
      clearTimeout(pacing);
      endHearing();
      heard?.unsubscribe();
    },
  };
}

function isTopic(text: string): text is Topic {
  return Object.hasOwn(known, text);
}
