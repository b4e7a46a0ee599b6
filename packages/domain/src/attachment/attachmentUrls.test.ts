import { describe, expect, it } from 'vitest';
import { attachmentsAt } from './attachmentUrls.js';

const app = { org: 'acme', name: 'im' };
const first = '0f5b6f6c-6c0e-4a58-8a53-2a3a3a0f1c11';
const second = '1f5b6f6c-6c0e-4a58-8a53-2a3a3a0f1c11';

describe('the files that URLs point at', () => {
  it('are known under every name of the server, each once', () => {
    const urls = [
      `http://127.0.0.1:8080/acme/im/chatfiles/${first}`,
      `https://files.example.com/acme/im/chatfiles/${first.toUpperCase()}?em-redirect=true`,
      `/acme/im/chatfiles/${second}?vframe=true`,
    ];
    expect(attachmentsAt(app, urls)).toEqual([first, second]);
  });

  it.each([
    ['of another app', `http://h/acme/other/chatfiles/${first}`],
    ['of another organization', `http://h/other/im/chatfiles/${first}`],
    ['that goes on after the id', `http://h/acme/im/chatfiles/${first}0`],
    ['without an id', 'http://h/acme/im/chatfiles/'],
    ['that is only text', 'hello'],
    ['that is empty', ''],
  ])('are none for one %s', (_, url) => {
    expect(attachmentsAt(app, [url])).toEqual([]);
  });
});
