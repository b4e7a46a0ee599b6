import type { AppNo, UserId } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { rows } from '../steps.js';
import type { Query, Steps } from '../steps.js';

/** Forgets devices with their cursors; answers how many. */
export function* forgetDevices(
  db: Kysely<Schema>,
  asked: Query<{ readonly device_no: number }>,
): Steps<number> {
  const found = yield* rows(asked);
  if (found.length === 0) return 0;
  const nos = found.map(({ device_no: no }) => no);
  yield db.deleteFrom('device_cursors').where('device_no', 'in', nos);
  yield db.deleteFrom('devices').where('device_no', 'in', nos);
  return nos.length;
}

export function devicesOf(db: Kysely<Schema>, app: AppNo, user: UserId) {
  return db.selectFrom('devices').where('app_no', '=', app).where('user', '=', user);
}
