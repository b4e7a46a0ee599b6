// @ts-check
// npm run setup: install and build, whatever of both is not done yet.
import { setup } from './lib/setup.mjs';

await setup();
