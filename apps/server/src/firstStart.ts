import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { randomSecret } from '@recalld/adapters-security';
import type { App, Apps, Clock, Leases, SecretBox, Secrets } from '@recalld/domain';
import { ConfigError } from './configValues.js';
import type { Config } from './config.js';

export interface FirstStartDeps {
  readonly config: Config;
  readonly apps: Apps;
  readonly secrets: Secrets;
  readonly leases: Leases;
  readonly box: SecretBox;
  readonly clock: Clock;
}

/** What a start with this environment has. */
export interface FirstStart {
  readonly rootToken: string;
  /**
   * Says each generated secret that no operator was shown yet, in lines for standard output, never for the
   * logs. Of nodes that start at the same time one says them; cut off before they are out, another one does,
   * or the next start.
   */
  announce(say: (line: string) => void): Promise<void>;
}

/** A generated secret, and the name under which the store remembers that it was shown. */
interface Generated {
  readonly mark: string;
  readonly lines: readonly string[];
}

/** Makes what a first start needs, the root token and the app, and brings the app up to what the environment says. */
export async function firstStart(deps: FirstStartDeps): Promise<FirstStart> {
  const root = await rootToken(deps);
  const generated = [...root.generated, ...(await ensureApp(deps))];
  return { rootToken: root.token, announce: (say) => announce(deps, generated, say) };
}

const announceLease = 'announce-secrets';
/** Much longer than a few lines take; a node that dies amid them holds the others up for no longer. */
const announceMs = 5_000;
const waitMs = 100;

async function announce(
  { secrets, leases, box }: FirstStartDeps,
  generated: readonly Generated[],
  say: (line: string) => void,
): Promise<void> {
  const unseen = async () => {
    const marks = await Promise.all(generated.map(({ mark }) => secrets.get(mark)));
    return generated.filter((_, index) => marks[index] === undefined);
  };
  const owner = randomUUID();
  while ((await unseen()).length > 0) {
    if (!(await leases.take(announceLease, owner, announceMs))) {
      await delay(waitMs);
      continue;
    }
    // Somebody may have said them just before the lease was free.
    for (const { mark, lines } of await unseen()) {
      lines.forEach(say);
      await secrets.putIfAbsent(mark, box.seal('shown'));
    }
    await leases.release(announceLease, owner);
  }
}

const rootTokenName = 'root-token';

/** The root token of a store that is only looked at; undefined when no server ever started on it. */
export async function findRootToken(
  { rootToken: given }: Pick<Config, 'rootToken'>,
  secrets: Pick<Secrets, 'get'>,
  box: Pick<SecretBox, 'open'>,
): Promise<string | undefined> {
  if (given !== undefined) return given;
  const kept = await secrets.get(rootTokenName);
  return kept === undefined ? undefined : box.open(kept);
}

async function rootToken(deps: FirstStartDeps): Promise<{ token: string; generated: readonly Generated[] }> {
  const { config, secrets, box } = deps;
  if (config.rootToken !== undefined) return { token: config.rootToken, generated: [] };
  const kept =
    (await secrets.get(rootTokenName)) ??
    (await secrets.putIfAbsent(rootTokenName, box.seal(randomSecret())));
  const token = box.open(kept);
  return { token, generated: [{ mark: 'root-token-shown', lines: [`root token (shown once): ${token}`] }] };
}

async function ensureApp(deps: FirstStartDeps): Promise<readonly Generated[]> {
  const { config, secrets, box } = deps;
  const app = (await knownApp(deps)) ?? (await createdApp(deps));
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

/** The app as it is now, with what the environment says of it. */
async function knownApp({ config, apps, box }: FirstStartDeps): Promise<App | undefined> {
  const app = await apps.find(config.app.org, config.app.name);
  if (app === undefined) return undefined;
  const change = credentials(config, box);
  if (Object.keys(change).length === 0) return app;
  const changed = await apps.changeCredentials(app.no, change);
  return changed === 'sdkAppIdTaken' ? refuseSdkAppId(config) : changed;
}

/** The app, made here, or by another node at the same moment. */
async function createdApp(deps: FirstStartDeps): Promise<App> {
  const created = await deps.apps.create(newApp(deps));
  if (typeof created !== 'string') return created;
  return (await knownApp(deps)) ?? refuseSdkAppId(deps.config);
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
    rateLimits: {},
    createdAt: clock.now(),
  };
}

/** The environment wins over what an earlier start stored; what it leaves out stays. */
function credentials({ clientId, clientSecret, sdkAppId, sdkAppKey }: Config, box: SecretBox) {
  return {
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { sealedClientSecret: box.seal(clientSecret) }),
    ...(sdkAppId === undefined ? {} : { sdkAppId }),
    ...(sdkAppKey === undefined ? {} : { sealedSdkAppKey: box.seal(sdkAppKey) }),
  };
}

function refuseSdkAppId({ sdkAppId }: Config): never {
  throw new ConfigError(`RECALLD_SDKAPPID holds "${sdkAppId}"; it takes a number that no other app has`);
}
