const scans = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_material'];

/**
 * Everything that recalld asks for has an index that answers it, in the order that is asked for. The planner
 * reads a small table as a whole, and a prepared statement keeps that plan until the table is analysed next:
 * a fresh database would read millions of rows for each delivery meanwhile. Where it expects few rows it reads
 * all of them and sorts: a hundred thousand for a page of a large group's history. Compiling a statement (`jit`)
 * takes longer than running it.
 */
const byIndex = [...scans, 'enable_sort', 'jit'].map((setting) => `set ${setting} = off`).join('; ');

/** Asks a new connection for plans that hold at every size. An engine that does not know how plans by its own lights. */
export function planByIndex(client: { query(text: string): Promise<unknown> }): void {
  // It goes out before the first query, whose fault a lost connection is too.
  client.query(byIndex).catch(() => undefined);
}
