/**
 * Waits for all of a batch's pieces of work and answers how many were done, so that one that cannot
 * be done holds up none of the others. @throws the first fault when none was.
 */
export async function countDone(work: readonly Promise<unknown>[]): Promise<number> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  const done = results.filter((result) => result.status === 'fulfilled').length;
  if (done === 0 && failed !== undefined) throw failed.reason;
  return done;
}
