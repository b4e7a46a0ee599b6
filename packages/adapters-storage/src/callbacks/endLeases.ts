import { probeCut, settle } from '@recalld/domain';
import type { Instant } from '@recalld/domain';
import type { SqliteEngine } from '../engines/sqlite.js';
import { atPlace, keyOf, stateColumns, stateOf } from './deliveryRows.js';
import { healthColumns, healthOf, healthRow } from './ruleRows.js';

/**
 * Nobody else can hold a lease when a storage is opened: what a killed process had in hand is due at
 * once, a suspended rule whose probe that was may be probed at once, and its other work is anybody's.
 */
export function endLeases(engine: SqliteEngine, now: Instant): void {
  const { db } = engine;
  engine.transaction(() => {
    engine.run(db.deleteFrom('leases'));
    const held = engine.run(
      db
        .selectFrom('deliveries')
        .selectAll()
        .where('due_at', 'is not', null)
        .where('lease_owner', 'is not', null),
    );
    for (const row of held) {
      const state = settle(stateOf(row), { kind: 'cut' }, now, 0);
      engine.run(
        db
          .updateTable('deliveries')
          .set(stateColumns(state))
          .where((e) => atPlace(e, keyOf(row))),
      );
    }
    for (const ruleId of new Set(held.map((row) => row.rule_id))) {
      const [rule] = engine.run(
        db.selectFrom('callback_rules').select(healthColumns).where('rule_id', '=', ruleId),
      );
      if (rule === undefined) continue;
      const health = healthRow(probeCut(healthOf(rule), now));
      engine.run(db.updateTable('callback_rules').set(health).where('rule_id', '=', ruleId));
    }
  });
}
