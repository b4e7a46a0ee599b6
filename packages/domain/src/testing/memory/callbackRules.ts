import { givenUp, isOver } from '../../callback/delivery.js';
import { changesAttempts } from '../../callback/rule.js';
import type { CallbackRule } from '../../callback/rule.js';
import { healthy, probeNow } from '../../callback/suspension.js';
import type { AppNo } from '../../kernel/ids.js';
import { limits } from '../../limits.js';
import type { CallbackRules } from '../../ports/callbackRules.js';
import { currentRule } from './state.js';
import type { MemoryState, RuleRow } from './state.js';

export function createMemoryCallbackRules(state: MemoryState): CallbackRules {
  const ofApp = (app: AppNo): readonly RuleRow[] =>
    [...state.rules.values()].filter((row) => !row.removed && row.app === app);
  const rowOf = (app: AppNo, id: string): RuleRow | undefined => ofApp(app).find((row) => row.id === id);
  const nameTaken = (app: AppNo, name: string, except: string): boolean =>
    ofApp(app).some((row) => currentRule(row).name === name && row.id !== except);
  return {
    create: async (rule) => {
      if (ofApp(rule.app).length >= limits.callbackRulesMax) return 'tooMany';
      if (nameTaken(rule.app, rule.name, rule.id)) return 'nameTaken';
      const created = { ...rule, version: 1 };
      state.rules.set(rule.id, {
        id: rule.id,
        app: rule.app,
        version: 1,
        versions: new Map([[1, created]]),
        removed: false,
        health: healthy,
        untold: false,
      });
      return created;
    },
    list: async (app) => ofApp(app).map(currentRule),
    find: async (app, id) => {
      const row = rowOf(app, id);
      return row && currentRule(row);
    },
    change: async (app, id, change, { version, now }) => {
      const row = rowOf(app, id);
      if (row === undefined) return 'unknown';
      if (row.version !== version) return 'moved';
      if (change.name !== undefined && nameTaken(app, change.name, id)) return 'nameTaken';
      const before = currentRule(row);
      const after = { ...before, ...change, version: before.version + 1 };
      row.version = after.version;
      dropSecrets(row, ({ dialect }) => dialect === after.dialect);
      row.versions.set(after.version, after);
      if (changesAttempts(before, after)) row.health = probeNow(row.health, now);
      return after;
    },
    remove: async (app, id) => {
      const row = rowOf(app, id);
      if (row === undefined) return false;
      row.removed = true;
      dropSecrets(row, () => true);
      for (const delivery of state.deliveries.filter(({ rule }) => rule.id === id)) {
        if (isOver(delivery.state)) continue;
        delivery.state = givenUp(delivery.state);
      }
      return true;
    },
    // Nothing is left for later.
    giveUpRemoved: async () => 0,
  };
}

/** What no attempt follows any more keeps no secrets. */
function dropSecrets({ versions }: RuleRow, isDone: (rule: CallbackRule) => boolean): void {
  for (const [version, rule] of versions) {
    if (!isDone(rule)) continue;
    const tls = rule.tls && { ...rule.tls, client: null };
    versions.set(version, { ...rule, sealedSecret: null, previousSecret: null, tls });
  }
}
