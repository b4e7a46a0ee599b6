#!/usr/bin/env node
import { backup } from './cli/backup.js';
import { migrate } from './cli/migrate.js';
import { rebuild } from './cli/rebuild.js';
import { redrive } from './cli/redrive.js';
import { restore } from './cli/restore.js';
import { runCli } from './cli/run.js';
import { verify } from './cli/verify.js';

const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
process.once('SIGTERM', () => interruption.abort());

process.exitCode = await runCli(
  { backup, migrate, rebuild, redrive, restore, verify },
  process.argv.slice(2),
  process.env,
  {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    interrupted: interruption.signal,
  },
);
