import { chatKeyText } from '../../chat/chat.js';
import { binds, restraintScopeText } from '../../chat/restraint.js';
import type { RestraintKey, RestraintScope } from '../../chat/restraint.js';
import type { AppNo } from '../../kernel/ids.js';
import type { Restraints } from '../../ports/restraints.js';
import { keyOf } from './state.js';
import type { MemoryState, RestraintRow } from './state.js';

export function createMemoryRestraints(state: MemoryState): Restraints {
  return {
    impose: async (app, scope, users, { until, now, most }) => {
      const rows = state.restraints.filter((row) => !isOf(row, app, scope) || !users.includes(row.user));
      const others = rows.filter((row) => isOf(row, app, scope) && binds(row, now));
      const imposed = [...new Set(users)].map((user) => ({
        app,
        scope: restraintScopeText(scope),
        user,
        until,
      }));
      if (most !== null && others.length + imposed.length > most) return 'full';
      state.restraints = [...rows, ...imposed];
      return 'imposed';
    },
    lift: async (app, scope, users) => {
      state.restraints = state.restraints.filter(
        (row) => !isOf(row, app, scope) || !users.includes(row.user),
      );
    },
    list: async (app, scope, now) =>
      state.restraints
        .filter((row) => isOf(row, app, scope) && binds(row, now))
        .map(({ user, until }) => ({ user, until }))
        .toReversed(),
    find: async (app, scopes, user) =>
      scopes.map((scope) => {
        const row = restraintOf(state, app, { scope, user });
        return row && { until: row.until };
      }),
    setDisabled: async (app, key, disabled) => {
      const chat = keyOf(app, chatKeyText(key));
      const profile = state.chats.get(chat);
      if (profile !== undefined) state.chats.set(chat, { ...profile, disabled });
      return profile !== undefined;
    },
  };
}

export function restraintOf(state: MemoryState, app: AppNo, key: RestraintKey): RestraintRow | undefined {
  return state.restraints.find((row) => isOf(row, app, key.scope) && row.user === key.user);
}

/** Nobody is restrained there any more. */
export function liftAll(state: MemoryState, app: AppNo, scope: RestraintScope): void {
  state.restraints = state.restraints.filter((row) => !isOf(row, app, scope));
}

function isOf(row: RestraintRow, app: AppNo, scope: RestraintScope): boolean {
  return row.app === app && row.scope === restraintScopeText(scope);
}
