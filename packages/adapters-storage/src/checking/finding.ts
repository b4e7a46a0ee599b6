import type { AppNo } from '@recalld/domain';

const rebuild = 'run `recalld rebuild`: it makes read models anew from the log';
const log = 'the log itself is damaged: restore a backup, and look at the disk';
const content = 'content is damaged or was kept too long: restore a backup, or recall the message again';

/** Every kind of thing that can be wrong, and what to do about it. */
export const advice = {
  eventUnreadable: log,
  eventTypeUnknown: 'written by a newer recalld, or damaged: run the newer release, or restore a backup',
  streamGap: log,
  streamOrder: log,
  streamDay: log,
  timelinePosition: log,
  messageSeq: log,
  positionAhead: 'positions would be given twice: restore a backup with `recalld restore`',
  counterBehind: 'places would be given twice: stop every server at once, then run `recalld rebuild`',
  itemMissing: rebuild,
  itemWrong: rebuild,
  itemWithoutEvent: rebuild,
  watermarkMissing: rebuild,
  watermarkWrong: rebuild,
  watermarkWithoutEvent: rebuild,
  bodyMissing: 'the message has lost its content: restore a backup, or recall the message',
  bodyLeft: content,
  bodyWithoutEvent: content,
  bodyWithoutKey: 'the content cannot be opened any more: restore a backup, or recall the message',
  keyWithoutBody: content,
  attachmentWithoutBytes: 'the file is gone: restore a backup of the files, or recall what refers to it',
  attachmentBytesLeft: 'no server purges it any more: delete these bytes by hand',
  attachmentState: 'restore a backup, or recall what refers to it',
  referenceLeft: 'restore a backup, or delete this reference by hand',
  purgeLate: 'start a server, and look in its log why its purges fail',
  deliveryWithoutEvent: 'its callback cannot be made: delete this delivery by hand',
  deliveryWithoutRule: 'its callback cannot be made: delete this delivery by hand',
} as const;

export type FindingKind = keyof typeof advice;

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  /** Null: of no app. */
  readonly app: AppNo | null;
  /** Names what it is about: ids, names and positions, never content. */
  readonly about: Readonly<Record<string, string | number>>;
}
