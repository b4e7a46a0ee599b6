/** Every secret that the store holds sealed, whatever it belongs to. */
export interface SealedSecrets {
  /**
   * Puts what `reseal` answers in place of each sealed text, all in one transaction; undefined leaves
   * one as it is. Answers how many were replaced. @throws what `reseal` throws; then nothing changed.
   */
  replace(reseal: (sealed: string) => string | undefined): Promise<number>;
}
