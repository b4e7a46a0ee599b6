import { createAccessTokens, createPasswords, createSecretBox } from '@recalld/adapters-security';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { loadSecretKeys } from '../secretKey.js';

export const security = new ContainerModule(({ bind }) => {
  bind(the.secretKeys).toResolvedValue((config) => loadSecretKeys(config), [the.config]);
  bind(the.secretBox).toResolvedValue(
    ({ present, previous }) => createSecretBox(present, previous),
    [the.secretKeys],
  );
  bind(the.passwords).toResolvedValue(() => createPasswords());
  bind(the.accessTokens).toResolvedValue((box) => createAccessTokens(box), [the.secretBox]);
});
