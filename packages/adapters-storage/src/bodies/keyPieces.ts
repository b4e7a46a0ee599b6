import { isMsgId } from '@recalld/domain';
import type { ItemId } from '@recalld/domain';

/** A prime: every part of an id counts. More than a day's keys are ever cut into. */
const pieces = 4_093n;

/**
 * The number by whose hash a day's keys lie in tables of their own, so that one that is written anew is small.
 * It follows from the item alone: whoever reads knows which tables to look at. What is stored goes by it.
 */
export function keyPiece(item: ItemId): number {
  return isMsgId(item) ? Number(BigInt(item) % pieces) : 0;
}
