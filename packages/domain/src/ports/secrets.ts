/** Secrets that the server itself made and keeps, sealed by the secret box. */
export interface Secrets {
  get(name: string): Promise<string | undefined>;
  /** Keeps the first value: answers the one that is stored. */
  putIfAbsent(name: string, sealed: string): Promise<string>;
}
