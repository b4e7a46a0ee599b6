import { randomBytes } from 'node:crypto';
import type { App, CallbackRule, CallbackRuleChange, ChatKind } from '@recalld/domain';
import { bad, good } from './checked.js';
import type { Checked } from './checked.js';
import type { AdminDeps } from './deps.js';
import { chatTypes } from './schemas.js';
import type { dialects } from './schemas.js';

type Fields = Pick<CallbackRule, 'name' | 'url' | 'dialect' | 'chatTypes' | 'enabled' | 'sealedSecret'>;

/** A body that fits the rows' schemas. */
interface RuleBody {
  readonly name?: string;
  readonly url?: string;
  readonly dialect?: (typeof dialects)[number];
  readonly secret?: string | null;
  readonly chat_types?: readonly ChatKind[];
  readonly enabled?: boolean;
}

type NewRuleBody = RuleBody & Required<Pick<RuleBody, 'name' | 'url' | 'dialect'>>;

/** A new rule's fields, and the secret that the server made for it. */
interface NewRule {
  readonly fields: Fields;
  readonly madeSecret?: string;
}

export function readNewRule(deps: AdminDeps, app: App, body: unknown): Checked<NewRule> {
  const { name, url, dialect, chat_types, enabled, secret } = body as NewRuleBody;
  const refusal = wrongUrl(deps, url) ?? wrongDialect(app, dialect);
  if (refusal !== undefined) return bad(refusal);
  const madeSecret = dialect === 'easemob' && (secret ?? null) === null ? newSecret() : undefined;
  const kept = madeSecret ?? secret ?? null;
  const fields: Fields = {
    name,
    url,
    dialect,
    chatTypes: inOrder(chat_types ?? chatTypes),
    enabled: enabled ?? true,
    sealedSecret: kept === null ? null : deps.secretBox.seal(kept),
  };
  return good(madeSecret === undefined ? { fields } : { fields, madeSecret });
}

/** What a PATCH changes. The rule as it would then be must be one that could have been made. */
export function readRuleChange(
  deps: AdminDeps,
  app: App,
  current: CallbackRule,
  body: unknown,
): Checked<CallbackRuleChange> {
  const { name, url, dialect, chat_types, enabled, secret } = body as RuleBody;
  const refusal =
    (url === undefined ? undefined : wrongUrl(deps, url)) ??
    (dialect === undefined ? undefined : wrongDialect(app, dialect));
  if (refusal !== undefined) return bad(refusal);
  const signs = secret === undefined ? current.sealedSecret !== null : secret !== null;
  if ((dialect ?? current.dialect) === 'easemob' && !signs) {
    return bad('Send a secret: an easemob rule always signs.');
  }
  return good({
    ...(name === undefined ? {} : { name }),
    ...(url === undefined ? {} : { url }),
    ...(dialect === undefined ? {} : { dialect }),
    ...(chat_types === undefined ? {} : { chatTypes: inOrder(chat_types) }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(secret === undefined ? {} : { sealedSecret: secret === null ? null : deps.secretBox.seal(secret) }),
  });
}

function wrongUrl(deps: AdminDeps, url: string): string | undefined {
  const why = deps.callbackUrls.refusal(url)?.replace(/\.$/, '');
  return why === undefined ? undefined : `Correct the url: ${why}.`;
}

function wrongDialect(app: App, dialect: string): string | undefined {
  if (dialect !== 'tencent' || app.sdkAppId !== null) return undefined;
  return 'Use the easemob dialect, or bind an sdkappid to the app first: a tencent callback names one.';
}

/** Each kind once, in one order, so that equal rules look equal. */
function inOrder(kinds: readonly ChatKind[]): readonly ChatKind[] {
  return chatTypes.filter((kind) => kinds.includes(kind));
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}
