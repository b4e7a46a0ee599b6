import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import type { BrowserWindow } from './browserWindow.js';

/** The official web SDKs: one protocol, two builds. */
export const sdkNames = ['easemob-websdk', 'agora-chat'] as const;

export type SdkName = (typeof sdkNames)[number];

/** An object of an SDK's; tests look into it freely. */
export type SdkObject = Readonly<Record<string, unknown>>;

/** A connection as an SDK makes it: its methods are called by their names. */
export interface SdkConnection {
  open(login: object): Promise<unknown>;
  close(): void;
  isOpened(): boolean;
  addEventHandler(name: string, handlers: Readonly<Record<string, (event: SdkObject) => void>>): void;
  readonly [name: string]: unknown;
}

/** What an SDK's bundle exports, as far as it is needed here. */
export interface Sdk {
  readonly connection: new (options: object) => SdkConnection;
  readonly message: { create(options: object): object };
}

type Bundle = (...globals: readonly unknown[]) => void;

const require = createRequire(import.meta.url);
const compiled = new Map<SdkName, { readonly names: readonly string[]; readonly bundle: Bundle }>();

/**
 * Runs an SDK's bundle in a window of its own: a browser's globals are its parameters, so that nothing
 * of it stands in Node's, and several SDKs and users live in one process.
 */
export function loadSdk(name: SdkName, { globals }: BrowserWindow): Sdk {
  const { names, bundle } = compiled.get(name) ?? compile(name, Object.keys(globals));
  const module = { exports: {} };
  bundle(module, module.exports, ...names.map((global) => globals[global]));
  const exported = module.exports as Sdk & { readonly default?: Sdk };
  return exported.default ?? exported;
}

function compile(name: SdkName, names: readonly string[]) {
  const file = require.resolve(name);
  const parameters = ['module', 'exports', ...names];
  const bundle = compileFunction(readFileSync(file, 'utf8'), parameters, { filename: file }) as Bundle;
  const made = { names, bundle };
  compiled.set(name, made);
  return made;
}
