import { describe, expect, it } from 'vitest';
import { attachmentSample } from '../testing/index.js';
import { isReadable } from './attachment.js';

describe('an attachment', () => {
  it.each([
    ['uploaded', true],
    ['referred', true],
    ['condemned', false],
    ['purged', false],
    ['expired', false],
  ] as const)('that is %s may be downloaded: %s', (state, readable) => {
    expect(isReadable(attachmentSample(1, 'file', { state }))).toBe(readable);
  });
});
