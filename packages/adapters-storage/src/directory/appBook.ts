import type { App, AppNo } from '@recalld/domain';
import type { Selectable } from 'kysely';
import { forgetting } from '../engines/connection.js';
import type { SqliteReads } from '../engines/connection.js';
import type { AppsTable } from '../schema.js';

/** The apps in memory: every request and every delivery needs one, and there are few. */
export interface AppBook {
  byNo(no: AppNo): App | undefined;
  byName(org: string, name: string): App | undefined;
  /** Oldest first. */
  all(): readonly App[];
  /** Called inside the write that changes apps: nothing can be read in between. */
  forget(): void;
}

interface Book {
  readonly byNo: ReadonlyMap<AppNo, App>;
  readonly byName: ReadonlyMap<string, App>;
}

/** Neither part of an appkey has the sign that joins them. */
const appkey = (org: string, name: string): string => `${org}#${name}`;

export function createAppBook(reads: SqliteReads): AppBook {
  let book: Book | undefined;
  const forget = () => {
    book = undefined;
  };
  const refresh = forgetting(reads, forget);

  function open(): Book {
    refresh();
    if (book !== undefined) return book;
    const rows = reads.run<Selectable<AppsTable>>(reads.db.selectFrom('apps').selectAll().orderBy('app_no'));
    const apps = rows.map(toApp);
    book = {
      byNo: new Map(apps.map((app) => [app.no, app])),
      byName: new Map(apps.map((app) => [appkey(app.org, app.name), app])),
    };
    return book;
  }

  return {
    byNo: (no) => open().byNo.get(no),
    byName: (org, name) => open().byName.get(appkey(org, name)),
    all: () => [...open().byNo.values()],
    forget,
  };
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
    createdAt: row.created_at,
  };
}
