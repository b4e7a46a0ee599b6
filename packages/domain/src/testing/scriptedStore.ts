import type { Committed, CommandStore, Unit, WantedFacts } from '../ports/commandStore.js';

/** What becomes of one commit; `unknown` ones are written or lost, and nobody says which. */
export type Fate = 'written' | 'moved' | 'unknownWritten' | 'unknownLost' | Error;

export interface ScriptedStore extends CommandStore {
  /** The units of every commit that was asked for. */
  readonly commits: readonly (readonly Unit[])[];
  readonly loads: readonly (readonly WantedFacts[])[];
}

/** A store whose commits go as a test decides; `fateOf` may also do what another node does meanwhile. */
export function scriptedStore(
  store: CommandStore,
  fateOf: (units: readonly Unit[], nth: number) => Fate | Promise<Fate> = () => 'written',
): ScriptedStore {
  const commits: (readonly Unit[])[] = [];
  const loads: (readonly WantedFacts[])[] = [];
  const lost: Committed = { ok: false, reason: 'unknown' };
  return {
    commits,
    loads,
    load: async (wanted) => {
      loads.push(wanted);
      return await store.load(wanted);
    },
    commit: async (units) => {
      commits.push(units);
      const fate = await fateOf(units, commits.length);
      if (fate instanceof Error) throw fate;
      switch (fate) {
        case 'written':
          return await store.commit(units);
        case 'moved':
          return { ok: false, reason: 'moved' };
        case 'unknownWritten':
          await store.commit(units);
          return lost;
        case 'unknownLost':
          return lost;
      }
    },
  };
}
