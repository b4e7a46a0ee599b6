import type { App, AppNo, RateLimitSettings } from '@recalld/domain';
import type { Kysely, Selectable } from 'kysely';
import type { AppsTable, Schema } from '../schema.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { GenerationCounter } from './generations.js';

/** The apps of one generation. */
export interface KnownApps {
  byNo(no: AppNo): App | undefined;
  byName(org: string, name: string): App | undefined;
  /** Oldest first. */
  readonly all: readonly App[];
}

/** The apps in memory, as they are at the moment that somebody opens it: every request and every delivery needs one, and there are few. */
export interface AppBook {
  open(): Steps<KnownApps>;
}

/** Neither part of an appkey has the sign that joins them. */
const appkey = (org: string, name: string): string => `${org}#${name}`;

export function createAppBook(db: Kysely<Schema>, generations: GenerationCounter): AppBook {
  let current: { readonly generation: number; readonly apps: KnownApps } | undefined;

  function* open(): Steps<KnownApps> {
    const { apps: generation } = yield* generations.now();
    if (current?.generation === generation) return current.apps;
    const found = yield* rows(db.selectFrom('apps').selectAll().orderBy('app_no'));
    const apps = knownApps(found.map(toApp));
    current = { generation, apps };
    return apps;
  }

  return { open };
}

function knownApps(all: readonly App[]): KnownApps {
  const byNo = new Map(all.map((app) => [app.no, app]));
  const byName = new Map(all.map((app) => [appkey(app.org, app.name), app]));
  return { byNo: (no) => byNo.get(no), byName: (org, name) => byName.get(appkey(org, name)), all };
}

export function toApp(row: Selectable<AppsTable>): App {
  return {
    no: row.app_no,
    org: row.org,
    name: row.name,
    uuid: row.uuid,
    sdkAppId: row.sdk_app_id,
    clientId: row.client_id,
    sealedClientSecret: row.sealed_client_secret,
    sealedSdkAppKey: row.sealed_sdk_app_key,
    sealedTokenKey: row.sealed_token_key,
    tokenEpoch: row.token_epoch,
    rateLimits: toRateLimits(row.rate_limits),
    createdAt: row.created_at,
  };
}

/** Written by {@link rateLimitsColumn} alone. */
export function toRateLimits(column: string | null): RateLimitSettings {
  return column === null ? {} : (JSON.parse(column) as RateLimitSettings);
}

export function rateLimitsColumn(settings: RateLimitSettings): string | null {
  return Object.keys(settings).length === 0 ? null : JSON.stringify(settings);
}
