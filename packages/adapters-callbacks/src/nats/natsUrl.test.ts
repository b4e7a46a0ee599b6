import { describe, expect, it } from 'vitest';
import { parseNatsUrl } from './natsUrl.js';

const anyone = { tls: false, login: undefined };

describe('the URL of a broker', () => {
  it.each([
    ['nats://broker', { ...anyone, servers: ['broker:4222'] }],
    ['nats://127.0.0.1:14222/', { ...anyone, servers: ['127.0.0.1:14222'] }],
    ['nats://[::1]:4333', { ...anyone, servers: ['[::1]:4333'] }],
    ['nats://a,nats://b:1, c:2', { ...anyone, servers: ['a:4222', 'b:1', 'c:2'] }],
    ['tls://broker', { tls: true, login: undefined, servers: ['broker:4222'] }],
    ['nats://token@b', { tls: false, login: { token: 'token' }, servers: ['b:4222'] }],
    ['nats://u:p@b,c', { tls: false, login: { user: 'u', password: 'p' }, servers: ['b:4222', 'c:4222'] }],
    [
      'nats://u:p@b,nats://u:p@c',
      { tls: false, login: { user: 'u', password: 'p' }, servers: ['b:4222', 'c:4222'] },
    ],
    [
      'nats://u:p%40%2F%3A%2C@b',
      { tls: false, login: { user: 'u', password: 'p@/:,' }, servers: ['b:4222'] },
    ],
  ])('is %s', (text, address) => {
    expect(parseNatsUrl(text)).toEqual(address);
  });

  it.each([
    '',
    'broker:4222',
    'http://broker',
    'nats://',
    'nats://broker:0',
    'nats://broker:65536',
    'nats://broker/path',
    'nats://broker?x=1',
    'nats://bro ker',
    'nats://u:p@ss@broker',
    'nats://u:p:q@broker',
    'nats://:p@broker',
    'nats://%zz@broker',
    'nats://a,',
    'nats://a,tls://b',
    'nats://u:p@a,nats://other:p@b',
    'nats://::1',
  ])('is not %j', (text) => {
    expect(parseNatsUrl(text)).toBeUndefined();
  });
});
