import { isNews } from '@recalld/domain';
import type { RuleHealth } from '@recalld/domain';
import type { Selectable } from 'kysely';
import type { Reads } from '../engines/database.js';
import type { CallbackRulesTable } from '../callbackTables.js';
import { each, rows } from '../steps.js';
import type { Each, Steps } from '../steps.js';
import { healthColumns, healthOf, healthRow } from './ruleRows.js';

/** Answers the same object when it changes nothing. */
export type HealthMove = (health: RuleHealth) => RuleHealth;

export interface MovedHealths {
  /** A row was written: whoever moved it raises the generation of the rules. */
  readonly moved: boolean;
  /** A rule was suspended or resumed meanwhile, even if it is now as it was. */
  readonly news: boolean;
}

/**
 * Moves the healths of rules on from what their rows say now, whatever somebody remembers: each by its
 * moves, one after the other. Nobody else moves them until the transaction ends. Nothing is written of
 * those that stay the same.
 */
export type MoveHealth = (moves: ReadonlyMap<string, readonly HealthMove[]>) => Steps<MovedHealths>;

export function createMoveHealth(reads: Reads): MoveHealth {
  const holdHealths = createHoldHealths(reads);
  const write = createWriting(reads);

  return function* moveHealth(moves) {
    if (moves.size === 0) return { moved: false, news: false };
    const written: Written[] = [];
    let told = false;
    for (const row of yield* rows(holdHealths(moves.keys()))) {
      const before = healthOf(row);
      const { health, news } = moveBy(before, moves.get(row.rule_id) ?? []);
      if (health === before && !news) continue;
      written.push({ ruleId: row.rule_id, ...healthRow(health), untold: news ? 1 : row.untold });
      told ||= news;
    }
    yield each(write, written);
    return { moved: written.length > 0, news: told };
  };
}

/** Makes moves one after the other; the same object when nothing changed. */
export function moveBy(
  health: RuleHealth,
  moves: readonly HealthMove[],
): { readonly health: RuleHealth; readonly news: boolean } {
  let now = health;
  let news = false;
  for (const move of moves) {
    const next = move(now);
    news ||= isNews(now, next);
    now = next;
  }
  return { health: now, news };
}

interface HeldHealth extends Pick<Selectable<CallbackRulesTable>, (typeof healthColumns)[number]> {
  readonly rule_id: string;
  readonly untold: number;
}

/** Asks for the healths of rules, and keeps others from moving them until the transaction ends. */
export function createHoldHealths({
  db,
  statements,
  words,
}: Reads): (ruleIds: Iterable<string>) => Each<HeldHealth> {
  const hold = statements.select<{ ruleId: string }>({ ruleId: 'text' })(({ ruleId }) =>
    db
      .selectFrom('callback_rules')
      .select(['rule_id', 'untold', ...healthColumns])
      .where('rule_id', '=', ruleId)
      .modifyEnd(words.forNoKeyUpdate),
  );
  // Everybody in this order: whoever waits for a rule holds none that comes after it.
  return (ruleIds) =>
    each(
      hold,
      [...ruleIds].sort().map((ruleId) => ({ ruleId })),
    );
}

type Written = { readonly ruleId: string; readonly untold: number } & ReturnType<typeof healthRow>;

function createWriting({ statements }: Reads) {
  return statements.change<Written>({
    ruleId: 'text',
    health: 'text',
    failing_since: 'whole',
    probes: 'whole',
    probe_at: 'whole',
    untold: 'whole',
  })(({ ruleId, health, failing_since, probes, probe_at, untold }, start) =>
    start
      .update('callback_rules')
      .set({ health, failing_since, probes, probe_at, untold })
      .where('rule_id', '=', ruleId),
  );
}
