import type { JsonAnswer } from '../route.js';
import { problem } from './errors.js';

/** What was read from a request, or the answer that says what is wrong with it. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly answer: JsonAnswer };

export function good<T>(value: T): Checked<T> {
  return { ok: true, value };
}

/** Refuses a value with 400 and one sentence that says what to send instead. */
export function bad(sentence: string): { readonly ok: false; readonly answer: JsonAnswer } {
  return { ok: false, answer: problem('invalid_request', sentence) };
}
