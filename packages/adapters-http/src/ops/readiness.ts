/** Something that the server needs, or would rather have, to do its work. */
export interface ReadinessCheck {
  /** As /readyz names it: `storage`, `nats`. */
  readonly name: string;
  /** Without a required one the server is not ready; without another one it is degraded. */
  readonly required: boolean;
  /** Rejects while it is missing. */
  check(): Promise<unknown>;
}

export interface Readiness {
  readonly missing: readonly string[];
  readonly degraded: readonly string[];
}

/** A probe waits no longer than this for any of the answers. */
const answerWithinMs = 2_000;

export async function readReadiness(
  checks: readonly ReadinessCheck[],
  withinMs = answerWithinMs,
): Promise<Readiness> {
  const there = await Promise.all(checks.map((check) => answers(check, withinMs)));
  const absent = checks.filter((_, index) => there[index] === false);
  const names = (required: boolean) =>
    absent.filter((check) => check.required === required).map(({ name }) => name);
  return { missing: names(true), degraded: names(false) };
}

async function answers(check: ReadinessCheck, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  try {
    return await Promise.race([check.check().then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
