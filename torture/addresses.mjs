// @ts-check
import { addressForms } from '../packages/adapters-callbacks/src/testing/addressForms.mjs';
import { connect, openPlace } from './place.mjs';
import { verdict } from './verdict.mjs';

/** Every form of an address, offered as the URL of a rule to a server with its default settings. */
export async function addresses() {
  const place = await openPlace({ RECALLD_CALLBACK_ALLOW_PRIVATE: 'false' });
  const server = await place.start();
  try {
    const api = await connect(server.url);
    const wrong = [];
    for (const [n, { url, allowed }] of addressForms.entries()) {
      const { status } = await api.admin('POST', '/callback-rules', {
        name: `form ${n}`,
        url,
        dialect: 'easemob',
      });
      if (status !== (allowed ? 201 : 400)) wrong.push(`${url}: ${status}`);
    }
    for (const line of wrong) console.log(`  ${line}`);
    const refused = addressForms.filter(({ allowed }) => !allowed).length;
    return [
      verdict(
        'addresses',
        'special addresses are refused in every form, others are not',
        `${refused} refused, ${addressForms.length - refused} taken, ${wrong.length} wrong`,
        wrong.length === 0,
      ),
    ];
  } finally {
    await server.stop();
    await place.remove();
  }
}
