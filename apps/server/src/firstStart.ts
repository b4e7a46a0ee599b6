import { randomUUID } from 'node:crypto';
import { randomSecret } from '@recalld/adapters-security';
import type { App, Apps, Clock, SecretBox, Secrets } from '@recalld/domain';
import { ConfigError } from './configValues.js';
import type { Config } from './config.js';

export interface FirstStartDeps {
  readonly config: Config;
  readonly apps: Apps;
  readonly secrets: Secrets;
  readonly box: SecretBox;
  readonly clock: Clock;
}

/** What a start with this environment has, and what its operator has not been shown yet. */
export interface FirstStart {
  readonly rootToken: string;
  /** Lines for standard output, never for the logs: each generated secret, once. */
  readonly announce: readonly string[];
  /** Says that the lines are out. A start that is cut off before shows them again. */
  announced(): Promise<void>;
}

/** A generated secret, and the name under which the store remembers that it was shown. */
interface Unseen {
  readonly mark: string;
  readonly lines: readonly string[];
}

/** Makes what a first start needs, the root token and the app, and brings the app up to what the environment says. */
export async function firstStart(deps: FirstStartDeps): Promise<FirstStart> {
  const { secrets, box } = deps;
  const root = await rootToken(deps);
  const generated = [...root.generated, ...(await ensureApp(deps))];
  const unseen: Unseen[] = [];
  for (const each of generated) if ((await secrets.get(each.mark)) === undefined) unseen.push(each);
  return {
    rootToken: root.token,
    announce: unseen.flatMap(({ lines }) => lines),
    async announced() {
      for (const { mark } of unseen) await secrets.putIfAbsent(mark, box.seal('shown'));
    },
  };
}

const rootTokenName = 'root-token';

async function rootToken(deps: FirstStartDeps): Promise<{ token: string; generated: readonly Unseen[] }> {
  const { config, secrets, box } = deps;
  if (config.rootToken !== undefined) return { token: config.rootToken, generated: [] };
  const kept =
    (await secrets.get(rootTokenName)) ??
    (await secrets.putIfAbsent(rootTokenName, box.seal(randomSecret())));
  const token = box.open(kept);
  return { token, generated: [{ mark: 'root-token-shown', lines: [`root token (shown once): ${token}`] }] };
}

async function ensureApp(deps: FirstStartDeps): Promise<readonly Unseen[]> {
  const { config, apps, secrets, box } = deps;
  const known = await apps.find(config.app.org, config.app.name);
  if (known !== undefined) await refreshCredentials(deps, known);
  const app = known ?? made(await apps.create(newApp(deps)), config);
  const mark = `client-secret-shown-${app.uuid}`;
  if (config.clientSecret !== undefined) {
    // Whoever set it knows it.
    await secrets.putIfAbsent(mark, box.seal('shown'));
    return [];
  }
  const name = `${app.org}#${app.name}`;
  const clientSecret = box.open(app.sealedClientSecret);
  return [
    {
      mark,
      lines: [
        `app ${name} client id: ${app.clientId}`,
        `app ${name} client secret (shown once): ${clientSecret}`,
      ],
    },
  ];
}

function newApp({ config, box, clock }: FirstStartDeps): Omit<App, 'no'> {
  return {
    org: config.app.org,
    name: config.app.name,
    uuid: randomUUID(),
    sdkAppId: config.sdkAppId ?? null,
    clientId: config.clientId ?? randomSecret(),
    sealedClientSecret: box.seal(config.clientSecret ?? randomSecret()),
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
  if (Object.keys(change).length > 0) made(await apps.changeCredentials(app.no, change), config);
}

function made(app: App | 'nameTaken' | 'sdkAppIdTaken', config: Config): App {
  if (app === 'sdkAppIdTaken') {
    throw new ConfigError(
      `RECALLD_SDKAPPID holds "${config.sdkAppId}"; it takes a number that no other app has`,
    );
  }
  if (app === 'nameTaken') throw new Error('the app was made by somebody else at the same moment');
  return app;
}
