import type { ChatKind } from '../chat/chat.js';
import type { AppNo, Instant } from '../kernel/ids.js';
import type { PublicEventType } from './publicEvent.js';

/** Whose wire format a callback is written in. */
export type Dialect = 'easemob' | 'tencent' | 'native';

/** Where callbacks go. What a rule was when a delivery was planned is kept under its version. */
export interface CallbackRule {
  readonly id: string;
  readonly app: AppNo;
  /** Grows with each change. */
  readonly version: number;
  readonly name: string;
  readonly url: string;
  readonly dialect: Dialect;
  /** Filters recalls and conversation deletions; other events belong to no chat. */
  readonly chatTypes: readonly ChatKind[];
  /** Narrows what a native rule hears of; null: everything. */
  readonly events: readonly PublicEventType[] | null;
  /** A rule that is not enabled plans nothing, and what is open waits until it is enabled again. */
  readonly enabled: boolean;
  /** Callbacks of one conversation go out one after the other, each when the one before it is over. */
  readonly ordered: boolean;
  /** Requests at a time, over all nodes; null: as many as the receiver takes. */
  readonly concurrencyMax: number | null;
  /** Sealed by the secret box; null: this rule signs nothing. */
  readonly sealedSecret: string | null;
  /** The secret before the last rotation: a native rule signs with both until then. */
  readonly previousSecret: { readonly sealed: string; readonly until: Instant } | null;
  readonly tls: RuleTls | null;
  readonly createdAt: Instant;
}

/** What a rule's receiver asks of TLS beyond the public authorities. PEM. */
export interface RuleTls {
  /** Private authorities that its certificate may come from, instead of the public ones. */
  readonly ca: string | null;
  /** The certificate that the server shows, and its key sealed by the secret box. */
  readonly client: { readonly certificate: string; readonly sealedKey: string } | null;
}

/**
 * The rule that an attempt is made under, out of all its versions: the newest in the dialect that was
 * planned. That is the rule as it is now, so that a corrected URL or a rotated secret helps what is
 * already on its way; as it last was in that dialect when it has another one now, because another
 * dialect tells other things. No attempt is made under any other version: those need no secrets.
 */
export function ruleForAttempt(planned: CallbackRule, versions: Iterable<CallbackRule>): CallbackRule {
  let newest = planned;
  for (const rule of versions) {
    if (rule.dialect === planned.dialect && rule.version > newest.version) newest = rule;
  }
  return newest;
}

/**
 * Whether a change touches what an attempt depends on: somebody who corrects a URL, a secret or an
 * authority believes that the receiver works again.
 */
export function changesAttempts(before: CallbackRule, after: CallbackRule): boolean {
  const parts = attemptParts(after);
  return attemptParts(before).some((part, index) => part !== parts[index]);
}

function attemptParts({ url, dialect, enabled, sealedSecret, previousSecret, tls }: CallbackRule) {
  const ofSecrets = [sealedSecret, previousSecret?.sealed, previousSecret?.until];
  const ofTls = [tls?.ca, tls?.client?.certificate, tls?.client?.sealedKey];
  return [url, dialect, enabled, ...ofSecrets, ...ofTls];
}

/** Whether a rule wants to hear of a recall or a conversation deletion in this kind of chat. */
export function wants(rule: CallbackRule, kind: ChatKind): boolean {
  return rule.enabled && rule.chatTypes.includes(kind);
}
