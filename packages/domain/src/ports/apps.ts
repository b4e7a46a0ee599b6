import type { AppNo, Instant } from '../kernel/ids.js';
import type { RateLimitSettings } from '../rate-limit/rateLimit.js';

/** A tenant: appkey `org#app`. */
export interface App {
  readonly no: AppNo;
  readonly org: string;
  readonly name: string;
  readonly uuid: string;
  /** The Tencent-style numeric id, when one is bound. */
  readonly sdkAppId: number | null;
  readonly clientId: string;
  /** Sealed by the secret box. */
  readonly sealedClientSecret: string;
  readonly sealedSdkAppKey: string | null;
  /** Signs the app's access tokens; sealed. */
  readonly sealedTokenKey: string;
  /** Access tokens of an older epoch are void. */
  readonly tokenEpoch: number;
  /** None by default. */
  readonly rateLimits: RateLimitSettings;
  readonly createdAt: Instant;
}

export interface Apps {
  /** `nameTaken` for an appkey, `sdkAppIdTaken` for a numeric id that another app has. */
  create(app: Omit<App, 'no'>): Promise<App | 'nameTaken' | 'sdkAppIdTaken'>;
  /** Replaces the credentials of an app: what the environment sets at a start. */
  changeCredentials(
    no: AppNo,
    change: Partial<Pick<App, 'clientId' | 'sealedClientSecret' | 'sdkAppId' | 'sealedSdkAppKey'>>,
  ): Promise<App | 'sdkAppIdTaken'>;
  find(org: string, name: string): Promise<App | undefined>;
  findByNo(no: AppNo): Promise<App | undefined>;
  /** All apps, oldest first. */
  all(): Promise<readonly App[]>;
}
