import { existsSync } from 'node:fs';
import { createNatsLink, openEventStream } from '@recalld/adapters-callbacks';
import type { EventStream } from '@recalld/adapters-callbacks';
import { createSecretBox } from '@recalld/adapters-security';
import { generousPosition, openPostgresPredecessor, openSqlitePredecessor } from '@recalld/adapters-storage';
import type { Predecessor, RestoredCopy } from '@recalld/adapters-storage';
import type { Instant, LaterEvents, Log, Position } from '@recalld/domain';
import type { Config } from '../config.js';
import { ConfigError } from '../configValues.js';
import { loadContentKey } from '../contentKey.js';
import { parsePostgresUrl } from '../databaseConfig.js';
import { databaseFault } from '../databaseFaults.js';
import { findSecretKeys } from '../secretKey.js';
import { Unavailable } from './command.js';
import { noDatabase } from './noDatabase.js';
import type { RecallsFrom } from './restoreOptions.js';

/** Who tells what was recalled since a copy was made, and what else is known of that time. */
export interface RecallSource {
  /** As a sentence has it. */
  readonly name: string;
  readonly events: LaterEvents;
  /** The store that went on, when it can be looked at. */
  readonly predecessor: Predecessor | undefined;
  /** Where the copy's log goes on at the earliest; 0: anywhere. */
  readonly position: Position;
  /** When the last event that it knows of happened; undefined when it knows of none. */
  readonly to: Instant | undefined;
  /** What may be missing, as a sentence; undefined when nothing is. */
  readonly gap: string | undefined;
  close(): Promise<void>;
}

export interface SourceDeps {
  readonly config: Config;
  readonly log: Log;
  readonly now: () => Instant;
  readonly interrupted: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * The source that the line names. Without one: the store that is replaced when it can be read and went on from
 * the copy, else the broker of the environment, else nobody.
 * @throws ConfigError, Unavailable: nothing was taken
 */
export async function findSource(
  deps: SourceDeps,
  copy: RestoredCopy,
  named: RecallsFrom | undefined,
  replaced: string | undefined,
): Promise<RecallSource> {
  if (named !== undefined) return openSource(deps, copy, named);
  if (replaced !== undefined && existsSync(replaced)) {
    try {
      return await openSource(deps, copy, { kind: 'sqlite', path: replaced });
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : String(fault);
      deps.say(`restore: the store that is replaced cannot tell what was recalled since: ${why}`);
    }
  }
  const { nats } = deps.config;
  if (nats !== null) return openSource(deps, copy, { kind: 'nats', url: nats.url });
  const gap =
    'NOBODY WAS ASKED what was recalled since the backup: messages recalled after it can be read again';
  return { ...nobody(deps, copy), gap };
}

async function openSource(deps: SourceDeps, copy: RestoredCopy, from: RecallsFrom): Promise<RecallSource> {
  switch (from.kind) {
    case 'sqlite':
      if (!existsSync(from.path)) throw noDatabase(from.path);
      return ofStore(copy, await openSqlitePredecessor(from.path), from.path);
    case 'postgres':
      return ofStore(copy, await openPostgres(deps, from.url), addressOf(from.url));
    case 'nats':
      return ofStream(deps, copy, from.url);
    case 'nobody':
      return nobody(deps, copy);
  }
}

async function ofStore(copy: RestoredCopy, predecessor: Predecessor, name: string): Promise<RecallSource> {
  const refusal = copy.end === undefined ? undefined : await predecessor.refusal(copy.end);
  if (refusal !== undefined) {
    await predecessor.close();
    throw new ConfigError(`${name} is not the store that went on from the copy: ${refusal}`);
  }
  return {
    name,
    events: predecessor,
    predecessor,
    position: await predecessor.lastPosition(),
    to: (await predecessor.end())?.at,
    gap: undefined,
    close: () => predecessor.close(),
  };
}

/** @throws as the server does at its start */
async function openPostgres({ config, log }: SourceDeps, url: string): Promise<Predecessor> {
  const { present, previous } = findSecretKeys(config);
  const box = createSecretBox(present, previous);
  try {
    return await openPostgresPredecessor({ url, log, contentKey: (secrets) => loadContentKey(secrets, box) });
  } catch (fault) {
    throw databaseFault(fault, url);
  }
}

function addressOf(url: string): string {
  const address = parsePostgresUrl(url);
  return `${address?.database} at ${address?.server}`;
}

/** How long a broker that is there may take. */
const connectMs = 10_000;

async function ofStream(deps: SourceDeps, copy: RestoredCopy, url: string): Promise<RecallSource> {
  const link = createNatsLink({ url, log: deps.log, name: 'recalld restore' });
  try {
    const connection = await link.whenConnected(connectMs, deps.interrupted);
    if (connection === undefined) {
      throw new Unavailable(`no NATS server answers within ${connectMs / 1000} seconds; nothing was changed`);
    }
    const stream = await openEventStream(connection);
    if (stream === undefined) throw new ConfigError('The NATS servers have no stream RECALLD_EVENTS');
    return {
      name: 'the stream RECALLD_EVENTS',
      events: stream,
      predecessor: undefined,
      position: behind(deps, copy, stream),
      to: stream.to ?? undefined,
      gap: gapOf(copy, stream),
      close: () => link.close(),
    };
  } catch (fault) {
    await link.close();
    throw fault;
  }
}

function gapOf({ end, madeAt }: RestoredCopy, stream: EventStream): string | undefined {
  if (stream.reachesBackTo(end?.position ?? 0, madeAt)) return undefined;
  const reach = stream.from === null ? 'it is empty' : `it begins at ${isoOf(stream.from)}`;
  return `the stream does not reach back to the backup, ${reach}: what was recalled in between can be read again`;
}

function nobody(deps: SourceDeps, copy: RestoredCopy): RecallSource {
  return {
    name: 'nobody',
    events: {
      async *after() {
        yield [];
      },
    },
    predecessor: undefined,
    position: behind(deps, copy, undefined),
    to: undefined,
    gap: undefined,
    close: () => Promise.resolve(),
  };
}

/** A copy that has gone on before is behind what was given out already. */
function behind(
  { now }: SourceDeps,
  { end, madeAt, first }: RestoredCopy,
  stream: EventStream | undefined,
): Position {
  if (!first) return 0;
  const known = Math.max(end?.position ?? 0, stream?.lastPosition ?? 0);
  return generousPosition(known, stream?.to ?? madeAt, now());
}

export function isoOf(at: Instant): string {
  return new Date(at).toISOString();
}
