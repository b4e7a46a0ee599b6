import type { App, Apps, Clock, Instant } from '@recalld/domain';

const freshMs = 1_000;
const appsMax = 1_000;

interface Known {
  readonly app: App;
  readonly until: Instant;
}

/**
 * Looks apps up by appkey. An app that was found is taken as it is for a second, so that a busy
 * server does not read it with every request; an unknown one is asked for each time.
 */
export class AppDirectory {
  readonly #apps: Apps;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(apps: Apps, clock: Clock) {
    this.#apps = apps;
    this.#clock = clock;
  }

  /** Answers at once what it knows, so that the usual request waits for no promise. */
  find(org: string, name: string): App | Promise<App | undefined> {
    const known = this.#known.get(`${org}#${name}`);
    if (known !== undefined && known.until > this.#clock.now()) return known.app;
    return this.#read(org, name);
  }

  async #read(org: string, name: string): Promise<App | undefined> {
    const app = await this.#apps.find(org, name);
    const key = `${org}#${name}`;
    this.#known.delete(key);
    if (app === undefined) return undefined;
    if (this.#known.size >= appsMax) this.#known.clear();
    this.#known.set(key, { app, until: this.#clock.now() + freshMs });
    return app;
  }
}
