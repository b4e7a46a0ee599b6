import { assert } from '../kernel/assert.js';
import type { AppNo, CommandId } from '../kernel/ids.js';
import { limits } from '../limits.js';
import type { Committed, CommandStore, Unit } from '../ports/commandStore.js';
import type { RecordedEvent } from '../events.js';
import type { Command, CommandOf, CommandType, Outcome, Refusals } from './command.js';
import { decideUnit } from './decideUnit.js';
import type { DecidedUnit, PlanDeliveries } from './decideUnit.js';
import { Contended, Overloaded, Unavailable } from './faults.js';
import { recordedBefore } from './recordedBefore.js';
import { handlerOf } from './registry.js';
import { wantedFacts } from './wantedFacts.js';
import { WorkingSet } from './workingSet.js';

export interface CommandLoopDeps {
  readonly store: CommandStore;
  readonly plan: PlanDeliveries;
  /** Names a submit; unique among all nodes. */
  readonly nextCommandId: () => CommandId;
  /** Lets the event loop take a turn, so that requests that arrived meanwhile join the batch. */
  readonly nextTurn: () => Promise<void>;
  /** Units in one commit; left out: `limits.batchUnitsMax`. */
  readonly batchUnitsMax?: number;
  /** Told after each commit, with what it recorded: the moment to announce signals. Must not throw. */
  readonly onCommitted?: (recorded: readonly RecordedEvent[], deliveries: number) => void;
}

export interface CommandLoop {
  /**
   * Decides commands of one app as a unit: all accepted ones in one commit, on disk when this
   * resolves; one outcome per command, in order.
   * @throws Overloaded, Contended, or the store's own fault; then nothing of the unit was written.
   * @throws Unavailable when that is not known, or storage is away.
   */
  submit<T extends CommandType>(commands: readonly CommandOf<T>[]): Promise<readonly Outcome<Refusals[T]>[]>;
  /** Resolves when everything submitted so far has its answer. */
  drain(): Promise<void>;
}

/** A `submit` on its way through the loop. */
interface Pending {
  readonly commandId: CommandId;
  readonly app: AppNo;
  readonly commands: readonly Command[];
  /** What was sent to commits of unknown outcome: one of them may stand in the log. */
  readonly tried: DecidedUnit[];
  resolve(outcomes: readonly Outcome[]): void;
  reject(fault: unknown): void;
}

/** A decided unit whose answer waits for the commit. */
interface Ready extends DecidedUnit {
  readonly pending: Pending;
  /** There when an earlier commit of unknown outcome turns out to have written the unit. */
  readonly recorded?: readonly RecordedEvent[];
}

/** A unit whose decider threw; told so only when the others are written, for until then it may be decided again. */
interface Failed {
  readonly pending: Pending;
  readonly fault: unknown;
}

type Attempt = 'done' | Extract<Committed, { readonly ok: false }>['reason'];

const nothingToCommit: Committed = { ok: true, recorded: [] };

/**
 * THE loop: gather what has arrived, load its facts in one read, decide one after the other, commit
 * all of it at once, answer. One batch is in flight at a time; many commands share one fsync.
 */
export function createCommandLoop(deps: CommandLoopDeps): CommandLoop {
  const { store, plan, nextTurn, nextCommandId } = deps;
  const batchUnitsMax = deps.batchUnitsMax ?? limits.batchUnitsMax;
  let queue: Pending[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (queue.length > 0) {
      try {
        await nextTurn();
      } catch (fault) {
        rejectAll(queue.splice(0), fault);
        break;
      }
      const batch = queue.slice(0, batchUnitsMax);
      queue = queue.slice(batchUnitsMax);
      queue.unshift(...(await process(batch)));
    }
    running = undefined;
  }

  /** Takes one batch to its answers; what must wait for this batch's commit comes back. */
  async function process(batch: readonly Pending[]): Promise<readonly Pending[]> {
    const deferred: Pending[] = [];
    try {
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        deferred.length = 0;
        if ((await decideAndCommit(batch, deferred)) === 'done') return deferred;
      }
    } catch (fault) {
      // The batch as a whole failed: each unit gets one try of its own, so that only the bad one fails.
      if (batch.length === 1 || fault instanceof Unavailable) rejectAll(batch, fault);
      else await eachAlone(batch, 1);
      return [];
    }
    await eachAlone(batch, limits.commitAttemptsMax);
    return [];
  }

  /** While storage is away, none waits for it by itself: the others are told what the first one was. */
  async function eachAlone(batch: readonly Pending[], attempts: number): Promise<void> {
    for (const [index, pending] of batch.entries()) {
      try {
        await alone(pending, attempts);
      } catch (fault) {
        if (fault instanceof Unavailable) return rejectAll(batch.slice(index), fault);
        pending.reject(fault);
      }
    }
  }

  async function alone(pending: Pending, attempts: number): Promise<void> {
    let last: Attempt = 'moved';
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      last = await decideAndCommit([pending], []);
      if (last === 'done') return;
    }
    pending.reject(
      last === 'unknown'
        ? new Unavailable(`the outcome of a commit is not known after ${attempts} attempts`)
        : new Contended(`the streams of the command kept moving for ${attempts} attempts`),
    );
  }

  async function decideAndCommit(batch: readonly Pending[], deferred: Pending[]): Promise<Attempt> {
    const { ready, failed } = await decide(batch, deferred);
    const fresh = ready.filter(({ unit, recorded }) => recorded === undefined && unit.appends.length > 0);
    const units = fresh.map(({ unit }) => unit);
    const committed = units.length === 0 ? nothingToCommit : await store.commit(units);
    if (!committed.ok) {
      if (committed.reason === 'unknown') for (const one of fresh) one.pending.tried.push(one);
      return committed.reason;
    }
    answer(ready, units, committed.recorded);
    for (const { pending, fault } of failed) pending.reject(fault);
    return 'done';
  }

  /** Decides every unit on one snapshot; a decider that throws fails its own unit only. */
  async function decide(
    batch: readonly Pending[],
    deferred: Pending[],
  ): Promise<{ readonly ready: readonly Ready[]; readonly failed: readonly Failed[] }> {
    const loaded = await store.load(wantedFacts(batch.flatMap(({ commands }) => commands)));
    const sets = new Map(loaded.map((facts) => [facts.app, new WorkingSet(facts)]));
    const ready: Ready[] = [];
    const failed: Failed[] = [];
    for (const pending of batch) {
      const set = sets.get(pending.app);
      assert(set !== undefined, `facts of app ${pending.app} were loaded`);
      const recorded = recordedBefore(pending.commandId, pending.tried, set);
      if (recorded !== undefined) {
        ready.push({ pending, ...recorded });
        continue;
      }
      if (mustWait(pending, set)) {
        deferred.push(pending);
        continue;
      }
      try {
        ready.push({ pending, ...decideUnit(pending.commandId, pending.commands, set, plan) });
        set.keep();
      } catch (fault) {
        set.forget();
        failed.push({ pending, fault });
      }
    }
    return { ready, failed };
  }

  function answer(
    ready: readonly Ready[],
    units: readonly Unit[],
    recorded: readonly (readonly RecordedEvent[])[],
  ): void {
    assert(
      recorded.length === units.length,
      `${units.length} units were committed, ${recorded.length} answered`,
    );
    const byUnit = new Map(units.map((unit, index) => [unit, recorded[index] ?? []]));
    for (const { unit, recorded: before } of ready) if (before !== undefined) byUnit.set(unit, before);
    for (const { pending, unit, decisions } of ready)
      pending.resolve(outcomes(decisions, byUnit.get(unit) ?? []));
    if (byUnit.size === 0) return;
    const deliveries = [...byUnit.keys()].reduce((sum, unit) => sum + unit.deliveries.length, 0);
    deps.onCommitted?.([...byUnit.values()].flat(), deliveries);
  }

  return {
    submit<T extends CommandType>(commands: readonly CommandOf<T>[]) {
      const [first] = commands;
      assert(
        first !== undefined && commands.length <= limits.unitCommandsMax,
        `a unit has 1 to ${limits.unitCommandsMax} commands, not ${commands.length}`,
      );
      assert(
        commands.every(({ app }) => app === first.app),
        'the commands of a unit are of one app',
      );
      if (queue.length >= limits.queueUnitsMax) {
        return Promise.reject(new Overloaded(`${queue.length} units are waiting already`));
      }
      return new Promise<readonly Outcome<Refusals[T]>[]>((resolve, reject) => {
        // The outcomes of a unit hold only codes of its own commands' types.
        const settle = resolve as (outcomes: readonly Outcome[]) => void;
        const commandId = nextCommandId();
        queue.push({ commandId, app: first.app, commands, tried: [], resolve: settle, reject });
        running ??= run();
      });
    },
    async drain() {
      await running;
    },
  };
}

/** A command on a message that this very batch sends waits: callbacks need the MsgSeq that its commit gives. */
function mustWait(pending: Pending, set: WorkingSet): boolean {
  return pending.commands.some((command) =>
    set.awaitsStamps(handlerOf<CommandType>(command).stream(command)),
  );
}

function rejectAll(batch: readonly Pending[], fault: unknown): void {
  for (const { reject } of batch) reject(fault);
}

function outcomes(
  decisions: DecidedUnit['decisions'],
  recorded: readonly RecordedEvent[],
): readonly Outcome[] {
  return decisions.map((decision) =>
    decision.ok
      ? { ok: true, events: recorded.slice(decision.firstEvent, decision.firstEvent + decision.events) }
      : { ok: false, code: decision.code },
  );
}
