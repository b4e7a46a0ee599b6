// Uploads that are not finished yet, among the chunks of attachments: no attachment has such a name.

const prefix = 'draft/';
/** Enough for any time in ms: names then stand in the order of their times. */
const digits = 15;

const timePart = (ms: number): string => `${prefix}${String(ms).padStart(digits, '0')}`;

export const draftName = (startedAt: number, id: string): string => `${timePart(startedAt)}/${id}`;

/** The names of drafts that were started before a time: from the first, up to but without the second. */
export const draftsBefore = (ms: number): readonly [from: string, to: string] => [prefix, timePart(ms)];
