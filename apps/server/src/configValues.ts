import { isIP } from 'node:net';

/** Reads a variable's text; undefined when it is not what the variable takes. */
export type Parse<T> = (text: string) => T | undefined;

export type Env = Readonly<Record<string, string | undefined>>;

/** A variable that the server cannot start with; the message is one line and holds no secret. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
}

/** A variable's name, and what it takes in words and as a parser. */
export interface Variable<T> {
  readonly name: string;
  readonly takes: string;
  readonly parse: Parse<T>;
  /** How the line about a wrong one shows what it holds; left out: as it is, without passwords. */
  readonly show?: (text: string) => string;
}

/**
 * Reads a variable; undefined when it is unset or empty.
 * @throws ConfigError when it holds something else than it takes.
 */
export function readVariable<T>(env: Env, variable: Variable<T>): T | undefined {
  const { name, takes, parse, show = (text) => `"${shown(text)}"` } = variable;
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = parse(text);
  if (value === undefined) throw new ConfigError(`${name} holds ${show(text)}; it takes ${takes}`);
  return value;
}

/** A secret's line tells its length alone. */
export function secretVariable(name: string, min = 8): Variable<string> {
  return {
    name,
    takes: `${min} to 256 printable characters`,
    parse: (text) => (text.length >= min ? printable(text) : undefined),
    show: (text) => `${text.length} characters`,
  };
}

/** One line of bounded length; whatever may be a password inside a URL is `***`. */
function shown(text: string): string {
  return text
    .replace(/^((?:[\w+.-]+:(?=\/\/))?(?:\/\/)?)([^:@/]*:)?.*@/, '$1$2***@')
    .replace(/([?&](?:password|pass|pwd|token|secret|key)=)[^&]*/gi, '$1***')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
}

export function wholeNumber(min: number, max: number): Parse<number> {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  };
}

/** Spaces at the ends would not survive an HTTP header. */
export const printable: Parse<string> = (text) =>
  /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/.test(text) ? text : undefined;

export const hostName: Parse<string> = (text) =>
  isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(text) ? text : undefined;

export const flag: Parse<boolean> = (text) => (text === 'true' ? true : text === 'false' ? false : undefined);

export function oneOf<T extends string>(values: readonly T[]): Parse<T> {
  return (text) => values.find((value) => value === text);
}

export const appKey: Parse<{ readonly org: string; readonly name: string }> = (text) => {
  const [, org, name] = /^([A-Za-z0-9_-]{1,64})#([A-Za-z0-9_-]{1,64})$/.exec(text) ?? [];
  return org === undefined || name === undefined ? undefined : { org, name };
};

const hourMs = 3_600_000;

export const retentionForm = 'forever, or a number of days or hours such as 90d or 12h';

/** Ms; null: for ever. */
export const retention: Parse<number | null> = (text) => {
  if (text === 'forever') return null;
  const [, amount, unit] = /^([1-9]\d{0,4})([dh])$/.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * (unit === 'd' ? 24 * hourMs : hourMs);
};

/** One or more of something, with commas between. */
export function listOf<T>(parse: Parse<T>): Parse<readonly T[]> {
  return (text) => {
    const values = text.split(',').map((part) => parse(part.trim()));
    return values.every((value) => value !== undefined) ? values : undefined;
  };
}

/** The text itself, unless somebody has a reason to refuse it. */
export function allowed(refusal: (text: string) => string | undefined): Parse<string> {
  return (text) => (refusal(text) === undefined ? text : undefined);
}
