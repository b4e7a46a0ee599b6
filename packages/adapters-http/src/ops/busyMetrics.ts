import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { Series } from './series.js';

// Metrics that every request counts: cheap to count, worked out at a scrape.

export interface Named {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** A counter in a registry. */
export class Tally {
  readonly #series = new Series(() => ({ count: 0 }));

  constructor(registry: Registry, { name, help, labelNames }: Named) {
    const { all } = this.#series;
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        for (const { values, kept } of all) {
          this.labels(...values.map(String)).inc(kept.count);
          kept.count = 0;
        }
      },
    });
  }

  /** One value for each label, in their order. */
  count(...values: readonly string[]): void {
    this.#series.at(...values).count += 1;
  }
}

/** A histogram of seconds, outside of any registry: it writes the text format of Prometheus itself. */
export class Durations {
  readonly #named: Named;
  readonly #bounds: readonly number[];
  readonly #series = new Series(() => ({ buckets: this.#noneYet(), sum: 0 }));

  /** `bounds`: of the buckets, each included, the smallest first. */
  constructor(named: Named, bounds: readonly number[]) {
    this.#named = named;
    this.#bounds = bounds;
  }

  /** One value for each label, in their order. */
  observe(seconds: number, ...values: readonly (string | number)[]): void {
    const kept = this.#series.at(...values);
    let bucket = 0;
    while (seconds > (this.#bounds[bucket] ?? Infinity)) bucket += 1;
    kept.buckets[bucket] = (kept.buckets[bucket] ?? 0) + 1;
    kept.sum += seconds;
  }

  text(): string {
    const { name, help, labelNames } = this.#named;
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    for (const { values, kept } of this.#series.all) {
      const labels = labelNames.map((label, index) => `${label}="${escaped(values[index])}"`).join(',');
      let count = 0;
      for (const [index, bucket] of kept.buckets.entries()) {
        count += bucket;
        lines.push(`${name}_bucket{le="${this.#bounds[index] ?? '+Inf'}",${labels}} ${count}`);
      }
      lines.push(`${name}_sum{${labels}} ${kept.sum}`, `${name}_count{${labels}} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }

  #noneYet(): number[] {
    return [...this.#bounds.map(() => 0), 0];
  }
}

function escaped(value: string | number = ''): string {
  return String(value).replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
