import { parseArgs } from 'node:util';
import type { EventLog, Position } from '@recalld/domain';
import { readLine, UsageError } from './command.js';

export const feeds = ['events', 'callbacks'] as const;
export type Feed = (typeof feeds)[number];

/** A point in the log: a position, or the first event at or after a time. */
export type Point =
  { readonly kind: 'position'; readonly position: Position } | { readonly kind: 'time'; readonly ms: number };

export interface RedriveOptions {
  readonly from: Point;
  /** Null: as far as the log goes. A time is exclusive, a position is not. */
  readonly through: Point | null;
  readonly feeds: readonly Feed[];
}

const options = {
  since: { type: 'string' },
  from: { type: 'string' },
  until: { type: 'string' },
  through: { type: 'string' },
  feed: { type: 'string' },
} as const;

/** @throws UsageError */
export function readRedriveOptions(args: readonly string[]): RedriveOptions {
  const { since, from, until, through, feed } = readArgs(args);
  const start = point(['--since', '--from'], since, from);
  if (start === null) throw new UsageError('redrive takes --since TIME or --from POSITION');
  return {
    from: start,
    through: point(['--until', '--through'], until, through),
    feeds: feed === undefined ? feeds : [feedNamed(feed)],
  };
}

/** The range as positions, both ends in it; undefined when nothing is in it. */
export async function rangeIn(
  log: EventLog,
  { from, through }: RedriveOptions,
): Promise<{ readonly from: Position; readonly through: Position } | undefined> {
  const head = await log.before(Number.MAX_SAFE_INTEGER);
  const first = from.kind === 'position' ? from.position : (await log.before(from.ms)) + 1;
  const asked = through === null ? head : await lastOf(log, through);
  const last = Math.min(asked, head);
  return first > last ? undefined : { from: first, through: last };
}

async function lastOf(log: EventLog, point: Point): Promise<Position> {
  return point.kind === 'position' ? point.position : log.before(point.ms);
}

function readArgs(args: readonly string[]) {
  return readLine(
    () => parseArgs({ args: withNumbers(args), options, strict: true, allowPositionals: false }).values,
  );
}

/** A negative number is the value of the option before it, so that it is refused as one. */
function withNumbers(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    if (/^-\d/.test(arg) && isOption(args[index - 1])) return [];
    const next = args[index + 1] ?? '';
    return [isOption(arg) && /^-\d/.test(next) ? `${arg}=${next}` : arg];
  });
}

function isOption(arg: string | undefined): boolean {
  return arg !== undefined && /^--[a-z]+$/.test(arg);
}

/** One of two options that exclude each other; null when neither is given. */
function point(
  names: readonly [time: string, position: string],
  time: string | undefined,
  position: string | undefined,
): Point | null {
  if (time !== undefined && position !== undefined) {
    throw new UsageError(`${names.join(' and ')} exclude each other`);
  }
  if (time !== undefined) return { kind: 'time', ms: timeOf(names[0], time) };
  if (position !== undefined) return { kind: 'position', position: positionOf(names[1], position) };
  return null;
}

const isoForm = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

/** ISO 8601 with its zone, a date (UTC), or ms since 1970. */
function timeOf(option: string, text: string): number {
  const ms =
    isoForm.test(text) && isDay(text.slice(0, 10))
      ? Date.parse(text)
      : /^\d{12,14}$/.test(text)
        ? Number(text)
        : NaN;
  if (Number.isNaN(ms)) {
    throw new UsageError(
      `${option} takes a time such as 2026-03-01T08:00:00Z, 2026-03-01 (UTC) or 1772352000000 (ms since 1970)`,
    );
  }
  return ms;
}

/** JavaScript takes 31 February for 3 March. */
function isDay(date: string): boolean {
  const ms = Date.parse(date);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}

function positionOf(option: string, text: string): Position {
  const position = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (position < 1) throw new UsageError(`${option} takes a position of the log: a number from 1 on`);
  return position;
}

function feedNamed(text: string): Feed {
  const feed = feeds.find((name) => name === text);
  if (feed === undefined) throw new UsageError(`--feed takes ${feeds.join(' or ')}`);
  return feed;
}
