import { publicEventTypes } from '@recalld/domain';
import type {
  App,
  CallbackRule,
  CallbackRuleChange,
  ChatKind,
  Dialect,
  Instant,
  PublicEventType,
} from '@recalld/domain';
import { bad, good } from './checked.js';
import type { Checked } from './checked.js';
import type { AdminDeps } from './deps.js';
import type { RuleChange } from './ruleChanges.js';
import { chatTypes } from './ruleSchemas.js';
import {
  alwaysSigns,
  newSecret,
  secretChange,
  wrongKeptSecret,
  wrongOverlap,
  wrongSecret,
} from './ruleSecrets.js';
import { readTls, wrongTls } from './ruleTls.js';
import type { TlsBody } from './ruleTls.js';

type Fields = Omit<CallbackRule, 'id' | 'app' | 'version' | 'createdAt'>;

/** A body that fits the rows' schemas. */
interface RuleBody {
  readonly name?: string;
  readonly url?: string;
  readonly dialect?: Dialect;
  readonly secret?: string | null;
  readonly chat_types?: readonly ChatKind[];
  readonly events?: readonly PublicEventType[] | null;
  readonly enabled?: boolean;
  readonly ordered?: boolean;
  readonly concurrency_max?: number | null;
  readonly tls?: TlsBody | null;
}

type NewRuleBody = RuleBody & Required<Pick<RuleBody, 'name' | 'url' | 'dialect'>>;

type RuleChangeBody = RuleBody & { readonly secret_overlap_seconds?: number };

/** A new rule's fields, and the secret that the server made for it. */
interface NewRule {
  readonly fields: Fields;
  readonly madeSecret?: string;
}

export function readNewRule(deps: AdminDeps, app: App, body: unknown): Checked<NewRule> {
  const asked = body as NewRuleBody;
  const { dialect } = asked;
  const plain = plainFields(asked);
  const tls = readTls(deps, asked.tls ?? null, null);
  if (!tls.ok) return tls;
  const made = { ...defaults, ...plain, name: asked.name, url: asked.url, dialect, tls: tls.value };
  const madeSecret =
    alwaysSigns(dialect) && (asked.secret ?? null) === null
      ? newSecret(deps.nativeSecrets, dialect)
      : undefined;
  const secret = madeSecret ?? asked.secret ?? null;
  const refusal =
    wrongUrl(deps, asked.url) ?? wrongRule(app, made) ?? wrongSecret(deps.nativeSecrets, dialect, secret);
  if (refusal !== undefined) return bad(refusal);
  const sealedSecret = secret === null ? null : deps.secretBox.seal(secret);
  const fields = { ...made, sealedSecret, previousSecret: null };
  return good(madeSecret === undefined ? { fields } : { fields, madeSecret });
}

const defaults = {
  chatTypes,
  events: null,
  enabled: true,
  ordered: false,
  concurrencyMax: null,
} satisfies Partial<Fields>;

/** What a PATCH changes. The rule as it would then be must be one that could have been made. */
export function readRuleChange(
  deps: AdminDeps,
  app: App,
  current: CallbackRule,
  body: unknown,
  now: Instant,
): Checked<RuleChange> {
  const asked = body as RuleChangeBody;
  const tls = asked.tls === undefined ? good(undefined) : readTls(deps, asked.tls, current.tls);
  if (!tls.ok) return tls;
  const plain = { ...plainFields(asked), ...(tls.value === undefined ? {} : { tls: tls.value }) };
  const next = { ...current, ...plain };
  const refusal =
    (asked.url === undefined ? undefined : wrongUrl(deps, asked.url)) ??
    wrongRule(app, next) ??
    wrongSecretChange(deps, current, next.dialect, asked);
  if (refusal !== undefined) return bad(refusal);
  return good({ change: { ...plain, ...changedSecret(deps, current, next.dialect, asked, now) } });
}

function wrongSecretChange(
  deps: AdminDeps,
  current: CallbackRule,
  dialect: Dialect,
  { secret, secret_overlap_seconds }: RuleChangeBody,
): string | undefined {
  if (secret !== undefined) {
    return wrongSecret(deps.nativeSecrets, dialect, secret) ?? wrongOverlap(dialect, secret_overlap_seconds);
  }
  if (secret_overlap_seconds !== undefined) return 'Send secret_overlap_seconds with a new secret only.';
  return wrongKeptSecret(deps, current, dialect);
}

function changedSecret(
  { secretBox }: AdminDeps,
  current: CallbackRule,
  dialect: Dialect,
  { secret, secret_overlap_seconds: overlapSeconds }: RuleChangeBody,
  now: Instant,
): CallbackRuleChange {
  if (secret !== undefined) return secretChange({ secretBox, current, dialect, secret, overlapSeconds, now });
  return dialect === current.dialect ? {} : { previousSecret: null };
}

/** The fields that are stored as they were sent; those that were left out are absent. */
function plainFields(asked: RuleBody): Partial<Fields> {
  const { name, url, dialect, chat_types, events, enabled, ordered, concurrency_max } = asked;
  return {
    ...(name === undefined ? {} : { name }),
    ...(url === undefined ? {} : { url }),
    ...(dialect === undefined ? {} : { dialect }),
    ...(chat_types === undefined ? {} : { chatTypes: inOrder(chatTypes, chat_types) }),
    ...(events === undefined ? {} : { events: events && inOrder(publicEventTypes, events) }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(ordered === undefined ? {} : { ordered }),
    ...(concurrency_max === undefined ? {} : { concurrencyMax: concurrency_max }),
  };
}

function wrongUrl(deps: AdminDeps, url: string): string | undefined {
  const why = deps.callbackUrls.refusal(url)?.replace(/\.$/, '');
  return why === undefined ? undefined : `Correct the url: ${why}.`;
}

/** Says which fields of a rule do not fit each other or the app, or undefined. */
function wrongRule(
  app: App,
  rule: Pick<CallbackRule, 'url' | 'dialect' | 'events' | 'tls'>,
): string | undefined {
  if (rule.dialect === 'tencent' && app.sdkAppId === null) {
    return 'Use another dialect, or bind an sdkappid to the app first: a tencent callback names one.';
  }
  if (rule.dialect !== 'native' && rule.events !== null) {
    return 'Send events as null, or use the native dialect: only a native rule chooses among events.';
  }
  return wrongTls(rule.tls, rule.url);
}

/** Each value once, in one order, so that equal rules look equal. */
function inOrder<T>(all: readonly T[], some: readonly T[]): readonly T[] {
  return all.filter((each) => some.includes(each));
}
