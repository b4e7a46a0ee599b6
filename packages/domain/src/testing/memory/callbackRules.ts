import type { AppNo } from '../../kernel/ids.js';
import type { CallbackRules } from '../../ports/callbackRules.js';
import type { MemoryState, RuleRow } from './state.js';

export function createMemoryCallbackRules(state: MemoryState): CallbackRules {
  const ofApp = (app: AppNo): readonly RuleRow[] =>
    [...state.rules.values()].filter(({ current, removed }) => !removed && current.app === app);
  const rowOf = (app: AppNo, id: string): RuleRow | undefined =>
    ofApp(app).find(({ current }) => current.id === id);
  const nameTaken = (app: AppNo, name: string, except: string): boolean =>
    ofApp(app).some(({ current }) => current.name === name && current.id !== except);
  return {
    create: async (rule) => {
      if (nameTaken(rule.app, rule.name, rule.id)) return 'nameTaken';
      const created = { ...rule, version: 1 };
      state.rules.set(rule.id, { current: created, removed: false, versions: new Map([[1, created]]) });
      return created;
    },
    list: async (app) => ofApp(app).map(({ current }) => current),
    find: async (app, id) => rowOf(app, id)?.current,
    change: async (app, id, change) => {
      const row = rowOf(app, id);
      if (row === undefined) return 'unknown';
      if (change.name !== undefined && nameTaken(app, change.name, id)) return 'nameTaken';
      row.current = { ...row.current, ...change, version: row.current.version + 1 };
      row.versions.set(row.current.version, row.current);
      return row.current;
    },
    remove: async (app, id) => {
      const row = rowOf(app, id);
      if (row === undefined) return false;
      row.removed = true;
      for (const delivery of state.deliveries.filter(({ rule }) => rule.id === id)) {
        const { status, attempts } = delivery.state;
        if (status === 'waiting' || status === 'leased') delivery.state = { status: 'dead', attempts };
      }
      return true;
    },
  };
}
