import type { ChatKind } from '../chat/chat.js';
import type { AppNo, Instant } from '../kernel/ids.js';

/** Whose wire format a callback is written in. */
export type Dialect = 'easemob' | 'tencent' | 'native';

/** Where callbacks go. What a rule was when a delivery was planned is kept under its version. */
export interface CallbackRule {
  readonly id: string;
  readonly app: AppNo;
  /** Grows with each change of url, dialect, secret or filter. */
  readonly version: number;
  readonly name: string;
  readonly url: string;
  readonly dialect: Dialect;
  readonly chatTypes: readonly ChatKind[];
  readonly enabled: boolean;
  /** Sealed by the secret box; null: this rule signs nothing. */
  readonly sealedSecret: string | null;
  readonly createdAt: Instant;
}

/**
 * The rule that a delivery is made again under: as it is now, so that a corrected URL or secret helps;
 * as it was planned when the dialect has changed, since another dialect tells other things.
 */
export function ruleForRedelivery(planned: CallbackRule, now: CallbackRule): CallbackRule {
  return now.dialect === planned.dialect ? now : planned;
}

/** Whether a rule wants to hear of a recall in this kind of chat. */
export function wants(rule: CallbackRule, kind: ChatKind): boolean {
  return rule.enabled && rule.chatTypes.includes(kind);
}
