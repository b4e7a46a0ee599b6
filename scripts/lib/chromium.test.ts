import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findChromium } from './chromium.mjs';

describe('the tests’ Chromium', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'recalld-programs-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is what the environment names', () => {
    vi.stubEnv('CHROMIUM', process.execPath);

    expect(findChromium()).toBe(process.execPath);
  });

  it('is none when what the environment names is not a program, whatever else the machine has', () => {
    const text = join(folder, 'chromium');
    writeFileSync(text, 'no program');
    chmodSync(text, 0o644);
    vi.stubEnv('PATH', folder);

    for (const named of ['/nowhere/chromium', text]) {
      vi.stubEnv('CHROMIUM', named);
      expect(findChromium()).toBeUndefined();
    }
  });

  it.each(['chromium', 'chromium-browser', 'google-chrome'])(
    'is the first one on the path when the environment names none: %s',
    (name) => {
      vi.stubEnv('CHROMIUM', '');
      vi.stubEnv('PATH', ['/nowhere', folder].join(delimiter));
      symlinkSync(process.execPath, join(folder, name));

      expect(findChromium()).toBe(join(folder, name));
    },
  );
});
