import { healthy, never } from '@recalld/domain';
import type {
  AppNo,
  CallbackRule,
  ChatKind,
  Dialect,
  PublicEventType,
  RuleHealth,
  RuleTls,
} from '@recalld/domain';
import type { Insertable, Kysely, Selectable } from 'kysely';
import type { CallbackRulesTable, CallbackRuleVersionsTable } from '../callbackTables.js';
import type { Schema } from '../schema.js';

const versionColumns = [
  'version',
  'name',
  'url',
  'dialect',
  'chat_types',
  'enabled',
  'sealed_secret',
  'events',
  'ordered',
  'concurrency_max',
  'sealed_previous_secret',
  'previous_secret_until',
  'tls',
  'sealed_tls_key',
] as const satisfies readonly (keyof CallbackRuleVersionsTable)[];

export const healthColumns = ['health', 'failing_since', 'probes', 'probe_at'] as const;

/** Rules joined to one of their versions. */
export function ruleVersions(db: Kysely<Schema>) {
  return db
    .selectFrom('callback_rules as r')
    .innerJoin('callback_rule_versions as v', 'v.rule_id', 'r.rule_id')
    .select(['r.rule_id', 'r.app_no', 'r.created_at'])
    .select(versionColumns.map((column) => `v.${column}` as const));
}

/** Rules as they are now. */
export function currentRules(db: Kysely<Schema>, app: AppNo) {
  return ruleVersions(db)
    .whereRef('v.version', '=', 'r.current_version')
    .where('r.app_no', '=', app)
    .where('r.removed', '=', 0)
    .orderBy('r.created_at')
    .orderBy('r.rule_id');
}

export type RuleRow = Awaited<ReturnType<ReturnType<typeof ruleVersions>['execute']>>[number];

/** What is stored of a rule was checked when it was written. */
export function toRule(row: RuleRow): CallbackRule {
  return {
    id: row.rule_id,
    app: row.app_no,
    version: row.version,
    name: row.name,
    url: row.url,
    dialect: row.dialect as Dialect,
    chatTypes: JSON.parse(row.chat_types) as ChatKind[],
    events: row.events === null ? null : (JSON.parse(row.events) as PublicEventType[]),
    enabled: row.enabled === 1,
    ordered: row.ordered === 1,
    concurrencyMax: row.concurrency_max,
    sealedSecret: row.sealed_secret,
    previousSecret: previousSecretOf(row),
    tls: tlsOf(row),
    createdAt: row.created_at,
  };
}

function previousSecretOf(row: RuleRow): CallbackRule['previousSecret'] {
  const { sealed_previous_secret: sealed, previous_secret_until: until } = row;
  return sealed === null || until === null ? null : { sealed, until };
}

/** The JSON of a rule's TLS: its key has a column of its own, so that every sealed text is found. */
interface StoredTls {
  readonly ca: string | null;
  readonly certificate: string | null;
}

function tlsOf({ tls, sealed_tls_key: sealedKey }: RuleRow): RuleTls | null {
  if (tls === null) return null;
  const { ca, certificate } = JSON.parse(tls) as StoredTls;
  return { ca, client: certificate === null || sealedKey === null ? null : { certificate, sealedKey } };
}

function storedTls({ ca, client }: RuleTls): StoredTls {
  return { ca, certificate: client?.certificate ?? null };
}

export function versionRow(rule: CallbackRule): Insertable<CallbackRuleVersionsTable> {
  return {
    rule_id: rule.id,
    version: rule.version,
    name: rule.name,
    url: rule.url,
    dialect: rule.dialect,
    chat_types: JSON.stringify(rule.chatTypes),
    enabled: rule.enabled ? 1 : 0,
    sealed_secret: rule.sealedSecret,
    events: rule.events === null ? null : JSON.stringify(rule.events),
    ordered: rule.ordered ? 1 : 0,
    concurrency_max: rule.concurrencyMax,
    sealed_previous_secret: rule.previousSecret?.sealed ?? null,
    previous_secret_until: rule.previousSecret?.until ?? null,
    tls: rule.tls === null ? null : JSON.stringify(storedTls(rule.tls)),
    sealed_tls_key: rule.tls?.client?.sealedKey ?? null,
  };
}

/** A version that no attempt follows any more. */
export const withoutSecrets = {
  sealed_secret: null,
  sealed_previous_secret: null,
  previous_secret_until: null,
  sealed_tls_key: null,
} as const satisfies Partial<Insertable<CallbackRuleVersionsTable>>;

type HealthColumns = Pick<Selectable<CallbackRulesTable>, (typeof healthColumns)[number]>;

export function healthOf(row: HealthColumns): RuleHealth {
  const since = row.failing_since ?? 0;
  switch (row.health) {
    case 'healthy':
      return healthy;
    case 'failing':
      return { status: 'failing', since };
    case 'suspended':
      return { status: 'suspended', since, probes: row.probes ?? 0, probeAt: row.probe_at ?? 0 };
    default:
      return never(row.health);
  }
}

export function healthRow(health: RuleHealth): HealthColumns {
  const { status } = health;
  return {
    health: status,
    failing_since: status === 'healthy' ? null : health.since,
    probes: status === 'suspended' ? health.probes : null,
    probe_at: status === 'suspended' ? health.probeAt : null,
  };
}
