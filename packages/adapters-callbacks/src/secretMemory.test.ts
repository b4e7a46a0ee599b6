import { describe, expect, it } from 'vitest';
import { rememberSecrets } from './secretMemory.js';

function given(max: number) {
  const opened: string[] = [];
  const open = rememberSecrets({ open: (sealed) => (opened.push(sealed), `opened ${sealed}`) }, max);
  return { open, opened };
}

describe('remembered secrets', () => {
  it('are opened once each', () => {
    const { open, opened } = given(2);

    expect(['a', 'b', 'a'].map(open)).toEqual(['opened a', 'opened b', 'opened a']);
    expect(opened).toEqual(['a', 'b']);
  });

  it('are the last few: the one unused for longest is forgotten first', () => {
    const { open, opened } = given(2);

    for (const sealed of ['a', 'b', 'a', 'c', 'a', 'b']) open(sealed);

    expect(opened).toEqual(['a', 'b', 'c', 'b']);
  });

  it('do not remember one that cannot be opened', () => {
    let broken = true;
    const open = rememberSecrets(
      {
        open: (sealed) => {
          if (broken) throw new Error('another key');
          return sealed;
        },
      },
      2,
    );

    expect(() => open('a')).toThrow('another key');
    broken = false;
    expect(open('a')).toBe('a');
  });
});
