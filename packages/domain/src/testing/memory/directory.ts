import { assert } from '../../kernel/assert.js';
import type { App, Apps } from '../../ports/apps.js';
import type { Secrets } from '../../ports/secrets.js';
import type { User, Users } from '../../ports/users.js';
import { forgetDevices } from './devices.js';
import { liftAll } from './restraints.js';
import { keyOf } from './state.js';
import type { MemoryState } from './state.js';

export function createMemoryApps(state: MemoryState): Apps {
  const sdkAppIdTaken = (id: number | null | undefined, except?: number): boolean =>
    id !== null && id !== undefined && state.apps.some((app) => app.sdkAppId === id && app.no !== except);
  return {
    create: async (app) => {
      if (state.apps.some(({ org, name }) => org === app.org && name === app.name)) return 'nameTaken';
      if (sdkAppIdTaken(app.sdkAppId)) return 'sdkAppIdTaken';
      const created: App = { ...app, no: state.apps.length + 1 };
      state.apps.push(created);
      return created;
    },
    changeCredentials: async (no, change) => {
      if (sdkAppIdTaken(change.sdkAppId, no)) return 'sdkAppIdTaken';
      const index = state.apps.findIndex((app) => app.no === no);
      const app = state.apps[index];
      assert(app !== undefined, `app ${no} is there`);
      const changed = { ...app, ...change };
      state.apps[index] = changed;
      return changed;
    },
    find: async (org, name) => state.apps.find((app) => app.org === org && app.name === name),
    findByNo: async (no) => state.apps.find((app) => app.no === no),
    all: async () => [...state.apps],
  };
}

export function createMemoryUsers(state: MemoryState): Users {
  return {
    register: async (users) => {
      const keys = users.map(({ app, id }) => keyOf(app, id));
      const taken = users.filter((_, index) => {
        const key = keys[index] ?? '';
        return state.users.has(key) || keys.indexOf(key) !== index;
      });
      if (taken.length === 0) users.forEach((user) => addUser(state, user));
      return { taken: taken.map(({ id }) => id) };
    },
    find: async (app, user) => state.users.get(keyOf(app, user)),
    change: async (app, id, change) => {
      const user = state.users.get(keyOf(app, id));
      if (user === undefined) return undefined;
      const changed = { ...user, ...change };
      state.users.set(keyOf(app, id), changed);
      return changed;
    },
    remove: async (app, id) => {
      const user = state.users.get(keyOf(app, id));
      if (state.users.delete(keyOf(app, id))) state.formerUsers.set(keyOf(app, id), 0);
      forgetDevices(state, app, id);
      liftAll(state, app, { by: 'user', user: id });
      return user;
    },
  };
}

function addUser(state: MemoryState, user: User): void {
  const key = keyOf(user.app, user.id);
  state.users.set(key, user);
  if (state.formerUsers.has(key)) state.formerUsers.set(key, state.events.length);
}

export function createMemorySecrets(state: MemoryState): Secrets {
  return {
    get: async (name) => state.secrets.get(name),
    putIfAbsent: async (name, sealed) => {
      const stored = state.secrets.get(name) ?? sealed;
      state.secrets.set(name, stored);
      return stored;
    },
  };
}
