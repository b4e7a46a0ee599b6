import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel } from './config.js';

/** Fields that never leave the process, wherever they stand. */
const secretPaths = ['authorization', 'secret', 'token', 'password'].flatMap((field) => [
  field,
  `*.${field}`,
]);

/** Structured JSON on standard output; readable lines on a terminal. */
export function createLog(level: LogLevel, terminal: boolean): Logger {
  return pino({
    level,
    base: null,
    redact: { paths: secretPaths, censor: '***' },
    ...(terminal
      ? { transport: { target: 'pino-pretty', options: { translateTime: 'SYS:HH:MM:ss.l' } } }
      : {}),
  });
}
