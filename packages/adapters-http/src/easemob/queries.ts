/** A number from 1 to `max`, as a query says it. */
export function wholeNumber(text: string, max: number): number | undefined {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= max ? number : undefined;
}
