import { holdsToken } from '@recalld/domain';
import type {
  AccessTokens,
  App,
  Clock,
  DeviceId,
  Instant,
  Platform,
  StoragePorts,
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
  const profile = await storage.users.find(app.no, user);
  if (profile === undefined) return no('userUnknown');
  if (!holdsToken(profile, claims)) return no('tokenWrong');
  if (!profile.activated) return no('userDeactivated');
  const platform = platformOf(shown.osType);
  return { ok: true, login: { app, user, device: resource, platform, expiresAt: claims.expiresAt } };
}

function no(refusal: LoginRefusal): LoginVerdict {
  return { ok: false, refusal };
}
