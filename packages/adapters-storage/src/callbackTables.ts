import type { Generated } from 'kysely';

// The tables of callbacks, as `Schema` names them.

export interface CallbackRulesTable {
  rule_id: string;
  app_no: number;
  name: string;
  current_version: number;
  created_at: number;
  /** A removed rule stays for the deliveries that were planned under it. */
  removed: number;
  /** The columns of a `RuleHealth`; those that its status does not have are NULL. */
  health: Generated<'healthy' | 'failing' | 'suspended'>;
  failing_since: number | null;
  probes: number | null;
  probe_at: number | null;
  /** 1 once it was suspended or resumed, until somebody says that its owner knows. */
  untold: Generated<number>;
}

export interface CallbackRuleVersionsTable {
  rule_id: string;
  version: number;
  name: string;
  url: string;
  dialect: string;
  /** JSON. */
  chat_types: string;
  enabled: number;
  sealed_secret: string | null;
  /** JSON; NULL: everything. */
  events: string | null;
  ordered: Generated<number>;
  concurrency_max: number | null;
  sealed_previous_secret: string | null;
  previous_secret_until: number | null;
  /** JSON: a `RuleTls` without its key, which has its own column. */
  tls: string | null;
  sealed_tls_key: string | null;
}

/** A delivery's id is its rule's id, a colon, and the position of its first event. */
export interface DeliveriesTable {
  app_no: number;
  first_position: number;
  rule_id: string;
  rule_version: number;
  /** JSON: positions. */
  events: string;
  /** The conversation whose order it keeps; NULL for one that keeps none, and once it is over. */
  order_key: string | null;
  /** A pending one is waiting, or leased when it has an owner. */
  stage: 'behind' | 'pending' | 'delivered' | 'dead';
  attempts: number;
  /** When somebody may take it: the next attempt of a waiting one, the end of a lease. NULL for any other. */
  due_at: number | null;
  lease_owner: string | null;
  created_at: number;
}

export interface DeliveryAttemptsTable {
  first_position: number;
  rule_id: string;
  n: number;
  requested_at: number;
  took_ms: number;
  status: number | null;
  error: string | null;
  answer_head: string | null;
  /** Of the request; NULL when none could be rendered. */
  url: string | null;
  /** JSON. */
  headers: string | null;
}

export interface RedeliveryJobsTable {
  job_id: string;
  app_no: number;
  /** JSON. */
  selection: string;
  created_at: number;
  queued: number;
  finished_at: number | null;
  /** JSON: how far the job has come; NULL before its first step. */
  place: string | null;
  /** Grows with each start and step of any job: the lowest of those that are not finished is next. */
  turn: number;
}
