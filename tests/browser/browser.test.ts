import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAvailable, openBrowser } from '../support/browser.js';

describe.skipIf(!browserAvailable())('the tests’ browser', () => {
  let server: Server;
  let url: string;
  let html = '';
  beforeAll(async () => {
    server = createServer(({ url: path }, response) => {
      if (path === '/') response.writeHead(200, { 'content-type': 'text/html' }).end(html);
      else response.writeHead(204).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => void server.close());

  it('given a page that does nothing wrong, then it closes', async () => {
    html =
      '<p>fine</p><script>fetch("/other"); new Image().src = "data:image/gif;base64,R0lGODlhAQABAAAAACw="</script>';
    const browser = await openBrowser();
    const page = await browser.page(url);

    expect(await page.textContent('p')).toBe('fine');
    await browser.close();
  });

  it.each([
    ['throws', 'throw new Error("thrown")', /uncaught: .*thrown/],
    ['leaves a rejection unhandled', 'Promise.reject(new Error("rejected"))', /uncaught: .*rejected/],
    ['rejects with an object', 'Promise.reject({ type: 503 })', /uncaught: /],
    ['writes an error', 'console.error("written")', /console: written/],
    ['asks another host', 'fetch("http://example.com/").catch(() => 0)', /another host .*example\.com/],
    ['opens a socket elsewhere', 'new WebSocket("ws://example.com/")', /another host .*ws:\/\/example\.com/],
  ])('given a page that %s, then closing says so', async (_, script, said) => {
    html = `<script>${script}</script>`;
    const browser = await openBrowser();
    const page = await browser.page(url);
    // Its answer comes after whatever the page did before.
    await page.evaluate('0');

    await expect(browser.close()).rejects.toThrow(said);
  });

  it('given two pages, then what one keeps the other does not see', async () => {
    html = '<p></p>';
    const browser = await openBrowser();
    const [one, other] = [await browser.page(url), await browser.page(url)];

    await one.evaluate('localStorage.setItem("name", "value")');

    expect(await one.evaluate('localStorage.getItem("name")')).toBe('value');
    expect(await other.evaluate('localStorage.getItem("name")')).toBeNull();
    await browser.close();
  });
});
