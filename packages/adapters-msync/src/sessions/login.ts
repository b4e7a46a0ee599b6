import { standingOf } from '@recalld/domain';
import type {
  AccessTokens,
  App,
  Clock,
  DeviceId,
  Instant,
  Platform,
  StoragePorts,
  TokenStanding,
  UserId,
} from '@recalld/domain';
import type { UpProvision } from '../wire/provision.js';
import type { LoginRefusal } from './loginRefusals.js';
import { platformOf } from './platforms.js';

export interface LoginDeps {
  readonly storage: Pick<StoragePorts, 'apps' | 'users'>;
  readonly tokens: AccessTokens;
  readonly clock: Clock;
}

/** Whom a device speaks for. */
export interface Login {
  readonly app: App;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly platform: Platform;
  readonly tokenIssuedAt: Instant;
  /** Of its token; null: never. */
  readonly expiresAt: Instant | null;
}

export type LoginVerdict =
  { readonly ok: true; readonly login: Login } | { readonly ok: false; readonly refusal: LoginRefusal };

const appKeyForm = /^([^#]+)#([^#]+)$/;
/** Names go into answers and lists as they are. */
const controlCharacter = /\p{Cc}/u;

/** Judges what a device shows of itself (msync, section 3). @throws what the store throws. */
export async function judgeLogin(deps: LoginDeps, shown: UpProvision): Promise<LoginVerdict> {
  const { storage, tokens, clock } = deps;
  const { user, resource, token } = shown;
  const [, org, name] = appKeyForm.exec(shown.appKey) ?? [];
  if (org === undefined || name === undefined || controlCharacter.test(resource)) return no('malformed');
  const app = await storage.apps.find(org, name);
  if (app === undefined) return no('appUnknown');
  const claims = tokens.verify(app, token, clock.now());
  if (claims === 'expired') return no('tokenExpired');
  if (claims === 'corrupt') return no('tokenWrong');
  if (claims.subject.kind === 'app') return no('tokenOfApp');
  if (claims.subject.user !== user) return no('tokenWrong');
  const { issuedAt: tokenIssuedAt, expiresAt } = claims;
  const refusal = await judgeStanding(storage.users, { app, user, tokenIssuedAt });
  if (refusal !== undefined) return no(refusal);
  const platform = platformOf(shown.osType);
  return { ok: true, login: { app, user, device: resource, platform, tokenIssuedAt, expiresAt } };
}

const standingRefusals: Readonly<Record<Exclude<TokenStanding, 'good'>, LoginRefusal>> = {
  unknown: 'userUnknown',
  former: 'tokenWrong',
  deactivated: 'userDeactivated',
};

/** Why a user's token is good for no session, as the user is now; undefined: it is good. @throws what the store throws. */
export async function judgeStanding(
  users: Pick<StoragePorts['users'], 'find'>,
  { app, user, tokenIssuedAt }: Pick<Login, 'app' | 'user' | 'tokenIssuedAt'>,
): Promise<LoginRefusal | undefined> {
  const standing = standingOf(await users.find(app.no, user), { issuedAt: tokenIssuedAt });
  return standing === 'good' ? undefined : standingRefusals[standing];
}

function no(refusal: LoginRefusal): LoginVerdict {
  return { ok: false, refusal };
}
