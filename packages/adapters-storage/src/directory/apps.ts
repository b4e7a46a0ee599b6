import { assert } from '@recalld/domain';
import type { App, AppNo, Apps } from '@recalld/domain';
import type { Insertable, Kysely, Selectable } from 'kysely';
import type { AppsTable, Schema } from '../schema.js';
import { rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';
import { toApp } from './appBook.js';
import type { AppBook } from './appBook.js';

export interface AppsDeps {
  readonly db: Kysely<Schema>;
  readonly writer: Writer;
  readonly book: AppBook;
}

export function readApps(book: AppBook): Pick<Apps, 'find' | 'findByNo' | 'all'> {
  return {
    find: async (org, name) => book.byName(org, name),
    findByNo: async (no) => book.byNo(no),
    all: async () => book.all(),
  };
}

export function createApps({ db, writer, book }: AppsDeps): Apps {
  function* sdkAppIdTaken(id: number | null | undefined, except?: AppNo): Write<boolean> {
    if (id === null || id === undefined) return false;
    const holders = yield* rows(db.selectFrom('apps').select('app_no').where('sdk_app_id', '=', id));
    return holders.some((holder) => holder.app_no !== except);
  }

  function* create(app: Omit<App, 'no'>): Write<App | 'nameTaken' | 'sdkAppIdTaken'> {
    const { org, name } = app;
    const named = db.selectFrom('apps').select('app_no').where('org', '=', org).where('name', '=', name);
    if ((yield* rows(named)).length > 0) return 'nameTaken';
    if (yield* sdkAppIdTaken(app.sdkAppId)) return 'sdkAppIdTaken';
    const [row] = yield* rows(db.insertInto('apps').values(columnsOf(app)).returningAll());
    return known(row, `${org}#${name}`);
  }

  function* change(
    no: AppNo,
    changed: Parameters<Apps['changeCredentials']>[1],
  ): Write<App | 'sdkAppIdTaken'> {
    if (yield* sdkAppIdTaken(changed.sdkAppId, no)) return 'sdkAppIdTaken';
    const [found] = yield* rows(db.selectFrom('apps').selectAll().where('app_no', '=', no));
    const columns = columnsOf({ ...known(found, String(no)), ...changed });
    const [row] = yield* rows(db.updateTable('apps').set(columns).where('app_no', '=', no).returningAll());
    return known(row, String(no));
  }

  function known(row: Selectable<AppsTable> | undefined, name: string): App {
    assert(row !== undefined, `app ${name} is there`);
    book.forget();
    return toApp(row);
  }

  return {
    ...readApps(book),
    create: (app) => writer.write(() => create(app)),
    changeCredentials: (no, changed) => writer.write(() => change(no, changed)),
  };
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
    created_at: app.createdAt,
  };
}
