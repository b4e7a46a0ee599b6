import type { CallbackRule, Dialect } from '@recalld/domain';
import type { CallbackDialect } from './dialect.js';
import { easemob } from './easemob.js';
import { tencent } from './tencent.js';

/** Every dialect that there is. A new one is one file and one line here. */
const dialects: Readonly<Partial<Record<Dialect, CallbackDialect>>> = {
  easemob,
  tencent,
};

/** The names that a rule's dialect may have. */
export const knownDialects: readonly Dialect[] = Object.keys(dialects) as Dialect[];

/** Undefined for a dialect that does not exist yet. */
export function findDialect(name: Dialect): CallbackDialect | undefined {
  return dialects[name];
}

/** The dialect of a rule that has deliveries. @throws when there is none: such a rule plans no delivery. */
export function dialectOf(rule: CallbackRule): CallbackDialect {
  const dialect = findDialect(rule.dialect);
  if (dialect === undefined) throw new Error(`rule ${rule.id} has the unknown dialect ${rule.dialect}`);
  return dialect;
}
