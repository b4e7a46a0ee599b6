// @ts-check
// Loaded into the measured server with --import and --expose-gc: when it is asked by SIGUSR2, it collects its
// garbage and writes what its memory then is.
import { writeFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  const collect = /** @type {() => void} */ (globalThis.gc);
  // What the first pass lets go of may be all that held something else.
  collect();
  collect();
  writeFileSync(process.env.BENCH_MEMORY_FILE ?? '', JSON.stringify(process.memoryUsage()));
});
