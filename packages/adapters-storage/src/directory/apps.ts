import { assert } from '@recalld/domain';
import type { App, AppNo, Apps } from '@recalld/domain';
import type { Insertable, Selectable } from 'kysely';
import type { Database } from '../engines/database.js';
import type { AppsTable } from '../schema.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { rateLimitsColumn, toApp } from './appBook.js';
import type { KnownApps } from './appBook.js';
import type { GenerationCounter } from './generations.js';

export interface AppsDeps {
  readonly database: Database;
  readonly generations: GenerationCounter;
  /** The apps as they are now. */
  readonly current: () => Promise<KnownApps>;
}

export function readApps(current: () => Promise<KnownApps>): Pick<Apps, 'find' | 'findByNo' | 'all'> {
  return {
    find: async (org, name) => (await current()).byName(org, name),
    findByNo: async (no) => (await current()).byNo(no),
    all: async () => (await current()).all,
  };
}

export function createApps({ database, generations, current }: AppsDeps): Apps {
  const { db } = database;

  function* sdkAppIdTaken(id: number | null | undefined, except?: AppNo): Steps<boolean> {
    if (id === null || id === undefined) return false;
    const holders = yield* rows(db.selectFrom('apps').select('app_no').where('sdk_app_id', '=', id));
    return holders.some((holder) => holder.app_no !== except);
  }

  function* create(app: Omit<App, 'no'>): Steps<App | 'nameTaken' | 'sdkAppIdTaken'> {
    const { org, name } = app;
    const named = db.selectFrom('apps').select('app_no').where('org', '=', org).where('name', '=', name);
    if ((yield* rows(named)).length > 0) return 'nameTaken';
    if (yield* sdkAppIdTaken(app.sdkAppId)) return 'sdkAppIdTaken';
    const [row] = yield* rows(db.insertInto('apps').values(columnsOf(app)).returningAll());
    yield generations.raised('apps');
    return known(row, `${org}#${name}`);
  }

  function* change(
    no: AppNo,
    changed: Parameters<Apps['changeCredentials']>[1],
  ): Steps<App | 'sdkAppIdTaken'> {
    if (yield* sdkAppIdTaken(changed.sdkAppId, no)) return 'sdkAppIdTaken';
    const [found] = yield* rows(db.selectFrom('apps').selectAll().where('app_no', '=', no));
    const columns = columnsOf({ ...known(found, String(no)), ...changed });
    const [row] = yield* rows(db.updateTable('apps').set(columns).where('app_no', '=', no).returningAll());
    yield generations.raised('apps');
    return known(row, String(no));
  }

  return {
    ...readApps(current),
    create: (app) => database.write(() => create(app)),
    changeCredentials: (no, changed) => database.write(() => change(no, changed)),
  };
}

function known(row: Selectable<AppsTable> | undefined, name: string): App {
  assert(row !== undefined, `app ${name} is there`);
  return toApp(row);
}

function columnsOf(app: Omit<App, 'no'>): Omit<Insertable<AppsTable>, 'app_no'> {
  return {
    org: app.org,
    name: app.name,
    uuid: app.uuid,
    sdk_app_id: app.sdkAppId,
    client_id: app.clientId,
    sealed_client_secret: app.sealedClientSecret,
    sealed_sdk_app_key: app.sealedSdkAppKey,
    sealed_token_key: app.sealedTokenKey,
    token_epoch: app.tokenEpoch,
    rate_limits: rateLimitsColumn(app.rateLimits),
    created_at: app.createdAt,
  };
}
