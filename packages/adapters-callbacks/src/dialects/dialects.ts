import type { CallbackRule, Dialect } from '@recalld/domain';
import type { CallbackDialect } from './dialect.js';
import { easemob } from './easemob.js';
import { native } from './native/native.js';
import { tencent } from './tencent.js';

/** Every dialect that there is. A new one is one file and one line here. */
const dialects: Readonly<Record<Dialect, CallbackDialect>> = {
  easemob,
  tencent,
  native,
};

/** The names that a rule's dialect may have. */
export const knownDialects: readonly Dialect[] = Object.keys(dialects) as Dialect[];

export function dialectOf(rule: Pick<CallbackRule, 'dialect'>): CallbackDialect {
  return dialects[rule.dialect];
}
