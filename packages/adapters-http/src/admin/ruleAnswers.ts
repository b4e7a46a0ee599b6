import { healthy } from '@recalld/domain';
import type { CallbackRule, Instant, RuleHealth, RuleTls } from '@recalld/domain';
import type { Call, JsonAnswer } from '../route.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';

export const nameTaken = problem('conflict', 'Choose another name: a callback rule of the app has this one.');
export const unknownRule = problem('not_found', 'Check the id: the app has no such callback rule.');

/** A rule as it now is; `once` is what only this answer shows. */
export async function ruleAnswer(
  deps: AdminDeps,
  call: Call,
  rule: CallbackRule,
  once: { readonly secret?: string } = {},
): Promise<JsonAnswer> {
  const healths = await deps.storage.ruleHealths.ofApp(rule.app);
  return { status: 200, body: { ...ruleShown(rule, healths.get(rule.id), call.receivedAt), ...once } };
}

/** A rule as it is answered: never with a secret or a key. */
export function ruleShown(rule: CallbackRule, health: RuleHealth = healthy, now: Instant): object {
  const { id, name, url, dialect, events, enabled, ordered, previousSecret } = rule;
  return {
    id,
    name,
    url,
    dialect,
    chat_types: rule.chatTypes,
    events,
    enabled,
    ordered,
    concurrency_max: rule.concurrencyMax,
    tls: tlsShown(rule.tls),
    has_secret: rule.sealedSecret !== null,
    previous_secret_until:
      previousSecret !== null && previousSecret.until > now ? previousSecret.until : null,
    health: health.status,
    failing_since: health.status === 'healthy' ? null : health.since,
    next_probe_at: health.status === 'suspended' ? health.probeAt : null,
    created_at: rule.createdAt,
  };
}

function tlsShown(tls: RuleTls | null): object | null {
  if (tls === null) return null;
  const { ca, client } = tls;
  return { ca, client_certificate: client?.certificate ?? null, has_client_key: client !== null };
}
