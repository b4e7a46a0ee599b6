import type { Rebuild } from '@recalld/domain';
import type { Call, JsonAnswer, Route } from '../route.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { commonErrors, instant, nullable, openObject } from './schemas.js';

const path = '/admin/v1/read-models/rebuild';
const never = problem('not_found', 'Start a rebuild with POST: there was none yet.');

const rebuildSchema = openObject({
  started_at: instant,
  position: { type: 'integer', description: 'The log up to this position has been gone through.' },
  through: {
    type: 'integer',
    description: 'Where it ends; moves on once, by what was written meanwhile.',
  },
  changed: {
    type: 'integer',
    description: 'Rows that were not as they follow from the log, and are now.',
  },
  finished_at: nullable(instant),
});

/** What lists and histories are read from, made anew from the log of all apps. */
export function readModelRoutes(deps: AdminDeps): readonly Route[] {
  const common = { path, tag: 'Read models', auth: 'root' } as const;
  return [
    {
      ...common,
      method: 'POST',
      operationId: 'startRebuild',
      summary: 'Rebuild the read models from the log, beside all other work; one rebuild at a time',
      answers: {
        202: { description: 'The rebuild that was started, or the one under way', schema: rebuildSchema },
        ...commonErrors,
      },
      handle: (call) => start(deps, call),
    },
    {
      ...common,
      method: 'GET',
      operationId: 'getRebuild',
      summary: 'Read how far the last rebuild has come',
      answers: { 200: { description: 'The rebuild', schema: rebuildSchema }, ...commonErrors },
      handle: () => read(deps),
    },
  ];
}

async function start({ storage, signals }: AdminDeps, call: Call): Promise<JsonAnswer> {
  const rebuild = await storage.readModels.start(call.receivedAt);
  signals.announce(['rebuildStarted']);
  return { status: 202, body: shown(rebuild) };
}

async function read({ storage }: AdminDeps): Promise<JsonAnswer> {
  const rebuild = await storage.readModels.state();
  return rebuild === undefined ? never : { status: 200, body: shown(rebuild) };
}

function shown({ startedAt, position, through, changed, finishedAt }: Rebuild): object {
  return { started_at: startedAt, position, through, changed, finished_at: finishedAt };
}
