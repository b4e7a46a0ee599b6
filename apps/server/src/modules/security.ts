import { createAccessTokens, createPasswords, createSecretBox } from '@recalld/adapters-security';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { loadSecretKey } from '../secretKey.js';

export const security = new ContainerModule(({ bind }) => {
  bind(the.secretBox).toResolvedValue(
    ({ dataDir, secretKey }) => createSecretBox(loadSecretKey(dataDir, secretKey)),
    [the.config],
  );
  bind(the.passwords).toResolvedValue(() => createPasswords());
  bind(the.accessTokens).toResolvedValue((box) => createAccessTokens(box), [the.secretBox]);
});
