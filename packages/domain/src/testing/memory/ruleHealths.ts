import { isNews, probeNow } from '../../callback/suspension.js';
import type { AppNo } from '../../kernel/ids.js';
import type { RuleHealths } from '../../ports/ruleHealths.js';
import { currentRule } from './state.js';
import type { MemoryState, RuleRow } from './state.js';

export function createMemoryRuleHealths(state: MemoryState): RuleHealths {
  const living = (): readonly RuleRow[] => [...state.rules.values()].filter(({ removed }) => !removed);
  const ofApp = (app: AppNo): readonly RuleRow[] => living().filter((row) => row.app === app);
  return {
    ofApp: async (app) => new Map(ofApp(app).map(({ id, health }) => [id, health])),
    probeNow: async (app, ruleId, now) => {
      for (const row of ofApp(app)) if (row.id === ruleId) row.health = probeNow(row.health, now);
    },
    untold: async (limit) =>
      living()
        .filter((row) => row.untold)
        .slice(0, limit)
        .map((row) => ({
          app: row.app,
          ruleId: row.id,
          ruleName: currentRule(row).name,
          health: row.health,
        })),
    told: async (ruleId, health) => {
      const row = state.rules.get(ruleId);
      if (row !== undefined) row.untold = isNews(health, row.health);
    },
  };
}
