import { randomUUID } from 'node:crypto';
import { randomSecret } from '@recalld/adapters-security';
import type { App, Apps, Clock, SecretBox, Secrets } from '@recalld/domain';
import { ConfigError } from './config.js';
import type { Config } from './config.js';

export interface FirstStartDeps {
  readonly config: Config;
  readonly apps: Apps;
  readonly secrets: Secrets;
  readonly box: SecretBox;
  readonly clock: Clock;
}

/** What the operator gets to see once: lines for standard output, never for the logs. */
export interface FirstStart {
  readonly rootToken: string;
  readonly announce: readonly string[];
}

/** Makes what a first start needs, the root token and the app, and brings the app up to what the environment says. */
export async function firstStart(deps: FirstStartDeps): Promise<FirstStart> {
  const root = await rootToken(deps);
  const app = await ensureApp(deps);
  return { rootToken: root.token, announce: [...root.announce, ...app] };
}

const rootTokenName = 'root-token';

async function rootToken(deps: FirstStartDeps): Promise<{ token: string; announce: readonly string[] }> {
  const { config, secrets, box } = deps;
  if (config.rootToken !== undefined) return { token: config.rootToken, announce: [] };
  const kept = await secrets.get(rootTokenName);
  if (kept !== undefined) return { token: box.open(kept), announce: [] };
  const token = box.open(await secrets.putIfAbsent(rootTokenName, box.seal(randomSecret())));
  return { token, announce: [`root token (shown once): ${token}`] };
}

async function ensureApp(deps: FirstStartDeps): Promise<readonly string[]> {
  const { config, apps } = deps;
  const known = await apps.find(config.app.org, config.app.name);
  if (known !== undefined) {
    await refreshCredentials(deps, known);
    return [];
  }
  const clientId = config.clientId ?? randomSecret();
  const clientSecret = config.clientSecret ?? randomSecret();
  refuseTaken(await apps.create(newApp(deps, clientId, clientSecret)), config);
  const name = `${config.app.org}#${config.app.name}`;
  return [
    `app ${name} client id: ${clientId}`,
    ...(config.clientSecret === undefined ? [`app ${name} client secret (shown once): ${clientSecret}`] : []),
  ];
}

function newApp(
  { config, box, clock }: FirstStartDeps,
  clientId: string,
  clientSecret: string,
): Omit<App, 'no'> {
  return {
    org: config.app.org,
    name: config.app.name,
    uuid: randomUUID(),
    sdkAppId: config.sdkAppId ?? null,
    clientId,
    sealedClientSecret: box.seal(clientSecret),
    sealedSdkAppKey: config.sdkAppKey === undefined ? null : box.seal(config.sdkAppKey),
    sealedTokenKey: box.seal(randomSecret()),
    tokenEpoch: 0,
    createdAt: clock.now(),
  };
}

/** The environment wins over what an earlier start stored; what it leaves out stays. */
async function refreshCredentials({ config, apps, box }: FirstStartDeps, app: App): Promise<void> {
  const { clientId, clientSecret, sdkAppId, sdkAppKey } = config;
  const change = {
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { sealedClientSecret: box.seal(clientSecret) }),
    ...(sdkAppId === undefined ? {} : { sdkAppId }),
    ...(sdkAppKey === undefined ? {} : { sealedSdkAppKey: box.seal(sdkAppKey) }),
  };
  if (Object.keys(change).length > 0) refuseTaken(await apps.changeCredentials(app.no, change), config);
}

function refuseTaken(made: App | 'nameTaken' | 'sdkAppIdTaken', config: Config): void {
  if (made === 'sdkAppIdTaken') {
    throw new ConfigError(
      `RECALLD_SDKAPPID holds "${config.sdkAppId}"; it takes a number that no other app has`,
    );
  }
  if (made === 'nameTaken') throw new Error('the app was made by somebody else at the same moment');
}
