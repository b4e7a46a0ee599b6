// @ts-check
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../scripts/lib/server.mjs';

/**
 * @typedef {object} Place a server to run the demo on
 * @property {string} url
 * @property {string} org
 * @property {string} app
 * @property {string} clientId
 * @property {string} clientSecret
 * @property {string} rootToken
 * @property {string} suffix added to names, so that a second run on the same server finds them free
 * @property {string} introduction
 * @property {Promise<number | null>} ended the exit code of the demo's own server when it has ended, null
 * when it was killed; of another server nothing is heard
 * @property {() => Promise<void>} leave
 */

/**
 * The server that the environment names, or else one of the demo's own.
 *
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<Place>}
 */
export async function findPlace(env) {
  return env.RECALLD_URL === undefined ? ownServer() : runningServer(env, env.RECALLD_URL);
}

/** @returns {Promise<Place>} */
async function ownServer() {
  const [org, app] = ['demo-org', 'demo-app'];
  const [rootToken, clientId, clientSecret] = [secret(), secret(), secret()];
  const dataDir = await mkdtemp(join(tmpdir(), 'recalld-demo-'));
  const removeData = () => rm(dataDir, { recursive: true, force: true });
  try {
    const server = await startServer({
      RECALLD_DATA_DIR: dataDir,
      RECALLD_APP: `${org}#${app}`,
      RECALLD_ROOT_TOKEN: rootToken,
      RECALLD_CLIENT_ID: clientId,
      RECALLD_CLIENT_SECRET: clientSecret,
      RECALLD_SDKAPPID: '1400000000',
      RECALLD_SDKAPPID_KEY: secret(),
      RECALLD_CALLBACK_ALLOW_PRIVATE: 'true',
      RECALLD_LOG_LEVEL: 'warn',
    });
    return {
      ...{ url: server.url, org, app, clientId, clientSecret, rootToken, suffix: '' },
      introduction: `recalld was started on ${server.url}; its data folder is removed at the end.`,
      ended: server.ended,
      async leave() {
        await server.stop();
        await removeData();
      },
    };
  } catch (fault) {
    await removeData();
    throw fault;
  }
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {string} url
 * @returns {Promise<Place>}
 */
async function runningServer(env, url) {
  const {
    RECALLD_APP: appKey = 'demo-org#demo-app',
    RECALLD_ROOT_TOKEN: rootToken,
    RECALLD_CLIENT_ID: clientId,
    RECALLD_CLIENT_SECRET: clientSecret,
  } = env;
  if (rootToken === undefined || clientId === undefined || clientSecret === undefined) {
    throw new Error(
      'With RECALLD_URL the demo also needs RECALLD_ROOT_TOKEN, RECALLD_CLIENT_ID and RECALLD_CLIENT_SECRET.',
    );
  }
  const [org = '', app = ''] = appKey.split('#');
  return {
    ...{ url: url.replace(/\/+$/, ''), org, app, clientId, clientSecret, rootToken },
    suffix: `-${Date.now().toString(36)}`,
    introduction: `The demo runs on ${url} as ${appKey}; its users and messages stay there.`,
    ended: new Promise(() => {}),
    leave: async () => {},
  };
}

function secret() {
  return randomBytes(16).toString('hex');
}
