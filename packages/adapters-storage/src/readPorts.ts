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
import type { AppBook } from './directory/appBook.js';
import { readApps } from './directory/apps.js';
import { readFeedCheckpoints } from './directory/feedCheckpoints.js';
import { readSecrets } from './directory/secrets.js';
import type { SqliteReads } from './engines/connection.js';
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
  readonly apps: AppBook;
  readonly rules: RuleBook;
  readonly partsOf: PartsOf;
}

export function openBooks(reads: SqliteReads): Books {
  const apps = createAppBook(reads);
  const rules = createRuleBook(reads);
  return { apps, rules, partsOf: createDeliveryParts(reads, apps, rules) };
}

export function createReadPorts(
  reads: SqliteReads,
  { apps, partsOf }: Books,
  log: Log | undefined,
): ReadPorts {
  const { db } = reads;
  return {
    log: createEventLog(reads),
    timelines: createTimelineReader(db),
    deliveryReader: createDeliveryReader({ db, partsOf, log }),
    rules: readCallbackRules(db),
    apps: readApps(apps),
    checkpoints: readFeedCheckpoints(db),
    secrets: readSecrets(db),
  };
}
