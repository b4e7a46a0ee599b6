import type { CallbackRule } from '../../callback/rule.js';
import type { App } from '../../ports/apps.js';
import type { SealedSecrets } from '../../ports/sealedSecrets.js';
import type { MemoryState } from './state.js';

/** Everything is resealed before anything is replaced. */
export function createMemorySealedSecrets(state: MemoryState): SealedSecrets {
  return {
    replace: async (reseal) => {
      let replaced = 0;
      const again = (sealed: string): string => {
        const resealed = reseal(sealed);
        if (resealed !== undefined) replaced += 1;
        return resealed ?? sealed;
      };
      const apps = state.apps.map((app) => resealedApp(app, again));
      const rules = [...state.rules.values()].map((row) => ({
        row,
        versions: [...row.versions].map(([version, rule]) => [version, resealedRule(rule, again)] as const),
      }));
      const secrets = [...state.secrets].map(([name, sealed]) => [name, again(sealed)] as const);
      state.apps.splice(0, apps.length, ...apps);
      for (const { row, versions } of rules) {
        for (const [version, rule] of versions) row.versions.set(version, rule);
      }
      for (const [name, sealed] of secrets) state.secrets.set(name, sealed);
      return replaced;
    },
  };
}

function resealedApp(app: App, again: (sealed: string) => string): App {
  return {
    ...app,
    sealedClientSecret: again(app.sealedClientSecret),
    sealedSdkAppKey: app.sealedSdkAppKey && again(app.sealedSdkAppKey),
    sealedTokenKey: again(app.sealedTokenKey),
  };
}

function resealedRule(rule: CallbackRule, again: (sealed: string) => string): CallbackRule {
  const { sealedSecret, previousSecret, tls } = rule;
  const client = tls?.client ?? null;
  return {
    ...rule,
    sealedSecret: sealedSecret && again(sealedSecret),
    previousSecret: previousSecret && { ...previousSecret, sealed: again(previousSecret.sealed) },
    tls: tls && { ...tls, client: client && { ...client, sealedKey: again(client.sealedKey) } },
  };
}
