import type { Api } from '../api.js';
import { credentials } from '../server.js';

export const password = 'a password';

let made = 0;

/** Registers a user whom no other test knows; answers the name. */
export async function newUser(api: Api, name: string): Promise<string> {
  made += 1;
  const username = `${name}${made}`;
  const { status } = await api.app('POST', '/users', [{ username, password }]);
  if (status !== 200) throw new Error(`registering ${username} was answered ${status}`);
  return username;
}

/** An access token of a user's. @param ttl seconds; left out: the server's default */
export async function userToken(api: Api, username: string, ttl?: number): Promise<string> {
  const { body } = await api.app('POST', '/token', {
    grant_type: 'password',
    username,
    password,
    ...(ttl === undefined ? {} : { ttl }),
  });
  const token = body['access_token'];
  if (typeof token !== 'string') throw new Error(`no token of ${username} was made`);
  return token;
}

/** The value of a metric's sample, by its name and labels as they stand in the line; 0 when there is none. */
export async function metric(url: string, sample: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, {
    headers: { authorization: `Bearer ${credentials.rootToken}` },
  });
  const line = (await answer.text()).split('\n').find((each) => each.startsWith(`${sample} `));
  return line === undefined ? 0 : Number(line.slice(sample.length));
}
