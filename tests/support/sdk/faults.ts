/** Watches this process for what nobody handled: an SDK that throws at a frame does so in its own handlers. */
export interface FaultWatch {
  /** What happened since the last time. */
  take(): readonly string[];
  stop(): void;
}

const kinds = ['unhandledRejection', 'uncaughtException'] as const;

export function watchFaults(): FaultWatch {
  let faults: string[] = [];
  const hears = kinds.map((kind) => {
    const hear = (fault: unknown) => void faults.push(`${kind}: ${describe(fault)}`);
    process.on(kind, hear);
    return () => void process.off(kind, hear);
  });
  return {
    take() {
      const taken = faults;
      faults = [];
      return taken;
    },
    stop: () => hears.forEach((stop) => stop()),
  };
}

/** SDKs reject with plain objects too. */
export function describe(fault: unknown): string {
  if (fault instanceof Error) return fault.stack ?? fault.message;
  const { type, message } = (fault ?? {}) as { readonly type?: unknown; readonly message?: unknown };
  return `type ${String(type)}: ${String(message)}`;
}
