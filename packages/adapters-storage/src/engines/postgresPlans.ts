/**
 * Everything that recalld asks for has an index that answers it, but the planner reads a small table as a
 * whole, and a prepared statement keeps that plan until the table is analysed next: a fresh database would
 * read millions of rows for each delivery meanwhile. Compiling a statement (`jit`) takes longer than running it.
 */
const byIndex = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_material', 'jit']
  .map((setting) => `set ${setting} = off`)
  .join('; ');

/** Asks a new connection for plans that hold at every size. An engine that does not know how plans by its own lights. */
export function planByIndex(client: { query(text: string): Promise<unknown> }): void {
  // It goes out before the first query, whose fault a lost connection is too.
  client.query(byIndex).catch(() => undefined);
}
