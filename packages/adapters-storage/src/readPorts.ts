import { setImmediate as nextImmediate } from 'node:timers/promises';
import type {
  Apps,
  CallbackRules,
  DeliveryReader,
  EventLog,
  FeedCheckpoints,
  Log,
  Secrets,
  TimelineReader,
} from '@recalld/domain';
import { readCallbackRules } from './callbacks/callbackRules.js';
import { createDeliveryParts } from './callbacks/deliveryParts.js';
import type { PartsOf } from './callbacks/deliveryParts.js';
import { createDeliveryReader } from './callbacks/deliveryReader.js';
import { createRuleBook } from './callbacks/ruleBook.js';
import type { RuleBook } from './callbacks/ruleBook.js';
import { createAppBook } from './directory/appBook.js';
import type { KnownApps } from './directory/appBook.js';
import { readApps } from './directory/apps.js';
import { readFeedCheckpoints } from './directory/feedCheckpoints.js';
import { GenerationCounter } from './directory/generations.js';
import { readSecrets } from './directory/secrets.js';
import type { Reads } from './engines/database.js';
import { createEventLog } from './readers/eventLog.js';
import { createTimelineReader } from './readers/timelineReader.js';

/** What a store answers without writing. */
export interface ReadPorts {
  readonly log: EventLog;
  readonly timelines: TimelineReader;
  readonly deliveryReader: DeliveryReader;
  readonly rules: Pick<CallbackRules, 'list' | 'find'>;
  readonly apps: Pick<Apps, 'find' | 'findByNo' | 'all'>;
  readonly checkpoints: Pick<FeedCheckpoints, 'read'>;
  readonly secrets: Pick<Secrets, 'get'>;
}

/** What ports share that read the same rows. */
export interface Books {
  readonly generations: GenerationCounter;
  readonly rules: RuleBook;
  readonly partsOf: PartsOf;
  /** The apps as they are now. */
  readonly currentApps: () => Promise<KnownApps>;
}

export function openBooks(reads: Reads): Books {
  const generations = new GenerationCounter(reads);
  const apps = createAppBook(reads.db, generations);
  const rules = createRuleBook(reads.db, generations);
  return {
    generations,
    rules,
    partsOf: createDeliveryParts(reads, apps),
    currentApps: oncePerTurn(() => reads.read(() => apps.open())),
  };
}

/** Everybody who asks in one turn of the event loop shares one look, which starts when the turn is over. */
function oncePerTurn<T>(look: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  return () => {
    next ??= nextImmediate().then(() => {
      next = undefined;
      return look();
    });
    return next;
  };
}

export function createReadPorts(
  reads: Reads,
  { rules, partsOf, currentApps }: Books,
  log: Log | undefined,
): ReadPorts {
  const { db } = reads;
  return {
    log: createEventLog(reads),
    timelines: createTimelineReader(reads),
    deliveryReader: createDeliveryReader({ reads, rules, partsOf, log }),
    rules: readCallbackRules(db),
    apps: readApps(currentApps),
    checkpoints: readFeedCheckpoints(db),
    secrets: readSecrets(db),
  };
}
