import { randomBytes, randomUUID } from 'node:crypto';
import type { Call, JsonAnswer, Route } from '../route.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { appKeyPart, closedObject, commonErrors, error, sdkAppId } from './schemas.js';

interface AppBody {
  readonly org: string;
  readonly app: string;
  readonly sdkappid?: number;
}

const named = { org: appKeyPart, app: appKeyPart, sdkappid: sdkAppId };

const made = {
  type: 'object',
  required: ['id', 'org', 'app', 'client_id', 'client_secret'],
  properties: {
    id: { type: 'string' },
    ...named,
    client_id: { type: 'string' },
    client_secret: { type: 'string', description: 'Shown only here.' },
    sdkappid_key: { type: 'string', description: 'Signs UserSigs. Shown only here.' },
  },
};

/** Tenants. */
export function appRoutes(deps: AdminDeps): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/admin/v1/apps',
      operationId: 'createApp',
      summary: 'Make an app',
      tag: 'Apps',
      auth: 'root',
      body: closedObject(named, ['org', 'app']),
      answers: {
        201: { description: 'The app, with its credentials', schema: made },
        ...commonErrors,
        409: error('The appkey or the sdkappid is taken'),
      },
      handle: (call) => create(deps, call),
    },
  ];
}

async function create({ storage, secretBox }: AdminDeps, call: Call): Promise<JsonAnswer> {
  const { org, app: name, sdkappid } = call.body as AppBody;
  const clientSecret = secret();
  const sdkAppKey = sdkappid === undefined ? undefined : secret();
  const app = await storage.apps.create({
    org,
    name,
    uuid: randomUUID(),
    sdkAppId: sdkappid ?? null,
    clientId: randomBytes(12).toString('base64url'),
    sealedClientSecret: secretBox.seal(clientSecret),
    sealedSdkAppKey: sdkAppKey === undefined ? null : secretBox.seal(sdkAppKey),
    sealedTokenKey: secretBox.seal(secret()),
    tokenEpoch: 0,
    rateLimits: {},
    createdAt: call.receivedAt,
  });
  if (app === 'nameTaken') return problem('conflict', 'Choose another org or app: there is such an app.');
  if (app === 'sdkAppIdTaken') return problem('conflict', 'Choose another sdkappid: an app has this one.');
  const tencent = sdkAppKey === undefined ? {} : { sdkappid, sdkappid_key: sdkAppKey };
  const { uuid: id, clientId: client_id } = app;
  return { status: 201, body: { id, org, app: name, client_id, client_secret: clientSecret, ...tencent } };
}

/** 256 random bits in hex: what both vendors' consoles and libraries take as they are. */
function secret(): string {
  return randomBytes(32).toString('hex');
}
