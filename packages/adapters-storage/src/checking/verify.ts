import { setTimeout as delay } from 'node:timers/promises';
import type { Instant } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import type { EngineKind } from '../migrations/ddl.js';
import { rows } from '../steps.js';
import { attachmentBytes } from './attachmentBytes.js';
import { attachments } from './attachments.js';
import { bodies } from './bodies.js';
import type { BytesCensus } from './bytesCensus.js';
import type { Check } from './check.js';
import { deliveries } from './deliveries.js';
import { advice } from './finding.js';
import type { FindingKind } from './finding.js';
import { items } from './items.js';
import { positions } from './positions.js';
import { streams } from './streams.js';
import { timelines } from './timelines.js';
import { conversations } from './conversations.js';

const checks: readonly Check[] = [
  positions,
  streams,
  timelines,
  items,
  conversations,
  bodies,
  attachments,
  attachmentBytes,
  deliveries,
];

/** One thing that is wrong with a store, and what to do about it. */
export interface Reported {
  readonly kind: FindingKind;
  /** The appkey, or the number of an app that is not there; null: of no app. */
  readonly app: string | null;
  /** Names what it is about: ids, names and positions, never content. */
  readonly about: Readonly<Record<string, string | number>>;
  readonly advice: string;
}

export interface VerifyOptions {
  /** What has expired by then needs no content any more. */
  readonly now: Instant;
  /** Told of each finding, as soon as it is sure. */
  readonly found: (finding: Reported) => void;
  /** Told of each check that is through. */
  readonly checked: (check: {
    readonly name: string;
    readonly rows: number;
    readonly findings: number;
  }) => void;
  /** Ends early between two pieces. */
  readonly stop: AbortSignal;
}

/** Looks at a whole store, whether servers run on it or not; writes nothing. @throws when it cannot be read */
export type Verify = (options: VerifyOptions) => Promise<void>;

const pauseMs = 500;

export function createVerify(reads: Reads, kind: EngineKind, bytes: BytesCensus): Verify {
  return async ({ now, found, checked, stop }) => {
    const appkeys = await appkeysOf(reads);
    const deps = {
      reads,
      kind,
      bytes,
      horizon: await horizonOf(reads),
      now,
      stop,
      pause: async () => {
        await delay(pauseMs, undefined, { signal: stop });
      },
    };
    for (const check of checks) {
      const run = check.run(deps);
      let findings = 0;
      let step = await run.next();
      for (; step.done !== true; step = await run.next()) {
        findings += 1;
        const { kind: what, app, about } = step.value;
        const key = app === null ? null : (appkeys.get(app) ?? String(app));
        found({ kind: what, app: key, about, advice: advice[what] });
      }
      checked({ name: check.name, rows: step.value, findings });
    }
  };
}

/** What is committed later is for the next time. */
async function horizonOf(reads: Reads): Promise<number> {
  const horizon = await reads.logHorizon();
  const [last] = await reads.read(() => rows(reads.lastTaken));
  return Math.min(horizon, last?.position ?? 0);
}

async function appkeysOf({ db, read }: Reads): Promise<ReadonlyMap<number, string>> {
  const apps = await read(() => rows(db.selectFrom('apps').select(['app_no', 'org', 'name'])));
  return new Map(apps.map(({ app_no: app, org, name }) => [app, `${org}#${name}`]));
}
