// @ts-check
import { createApi } from './api.mjs';
import { confirm, say, show, step, title } from './print.mjs';

/** A PNG of one grey pixel. */
const picture = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
    'base64',
  ),
);

/** @typedef {Awaited<ReturnType<typeof createApi>>} Api */
/** @typedef {Awaited<ReturnType<typeof import('./backend.mjs').startBackend>>} Backend */

/**
 * @typedef {object} Cast everybody and everything that the demo is about
 * @property {string} anna
 * @property {string} ben
 * @property {string} annaToken
 * @property {string} benToken
 * @property {string} group
 */

/**
 * @param {object} scene
 * @param {import('./place.mjs').Place} scene.place
 * @param {Backend} scene.backend
 * @param {(() => unknown)[]} scene.undo takes what has to be undone at the end
 * @throws when anything is not as the demo says
 */
export async function tell({ place, backend, undo }) {
  title('recalld: messages are taken back, and the app backend is told');
  say(place.introduction);
  say(`A small app backend, which receives the callbacks, listens on ${backend.url}.`);

  step('The app backend logs in, and two users register');
  const api = await createApi(place);
  say(`Its client id and secret are worth an app token for ${api.expiresInDays} days.`);
  const cast = await register(api, place.suffix);

  step('Callbacks are asked for in both vendors’ dialects');
  const dialects = await addRules({ api, backend, undo, suffix: place.suffix });

  const sent = await sendMessages(api, cast);
  await recallMessages(api, cast, sent);
  await deleteConversation(api, cast);

  step('What the app backend was told');
  for (const dialect of dialects) await showCallbacks(backend, dialect, sent);
  console.log('\nAll of it is as it should be.');
}

/**
 * @param {Api} api
 * @param {string} suffix
 * @returns {Promise<Cast>}
 */
async function register(api, suffix) {
  const [anna, ben] = [`anna${suffix}`, `ben${suffix}`];
  const annaToken = await api.register(anna, 'a password of anna');
  const benToken = await api.register(ben, 'a password of ben');
  say(`${anna} and ${ben} are registered, and each has a token by password.`);
  const group = await api.createGroup('weekend trip', anna, [ben]);
  say(`${anna} owns the group “weekend trip” (${group}), and ${ben} is in it.`);
  return { anna, ben, annaToken, benToken, group };
}

/** @param {{ api: Api, backend: Backend, undo: (() => unknown)[], suffix: string }} scene */
async function addRules({ api, backend, undo, suffix }) {
  /** @type {('easemob' | 'tencent')[]} */
  const added = [];
  for (const dialect of /** @type {const} */ (['easemob', 'tencent'])) {
    const { status, body } = await api.addRule({
      name: `demo_${dialect}${suffix}`,
      url: `${backend.url}/${dialect}`,
      dialect,
      secret: backend.secrets[dialect],
      chat_types: ['chat', 'groupchat'],
      enabled: true,
    });
    if (status === 201) {
      undo.push(() => api.removeRule(body.id));
      added.push(dialect);
      say(`${dialect}: to ${backend.url}/${dialect}, signed with a secret that only the two of them know.`);
    } else {
      say(`${dialect}: this server refuses the rule: ${body.error_description}`);
    }
  }
  check(added.length > 0, 'A running server needs RECALLD_CALLBACK_ALLOW_PRIVATE=true to call this machine.');
  return added;
}

/**
 * @param {Api} api
 * @param {Cast} cast
 */
async function sendMessages(api, { anna, ben, benToken, group }) {
  step(`${anna} writes to ${ben}, and to the group with an image`);
  const text = 'The door code is 4711.';
  const textId = await api.send({ from: anna, to: ben, type: 'txt', body: { msg: text } });
  say(`${anna} → ${ben}: “${text}” (message ${textId})`);
  const file = await api.upload(picture, 'door.png');
  const body = { ...file, filename: 'door.png', size: { width: 1, height: 1 } };
  const imageId = await api.send({ from: anna, to: group, group: true, type: 'img', body });
  say(`${anna} → weekend trip: the image door.png (message ${imageId})`);

  const fromAnna = await api.history(ben, benToken, `${anna}@easemob.com`);
  check(fromAnna.length === 1 && fromAnna[0] === `${anna}: “${text}”`, 'ben’s history lacks the text.');
  confirm(`${ben}’s history of ${anna} has: ${fromAnna.join(', ')}`);
  const inGroup = await api.history(ben, benToken, `${group}@conference.easemob.com`);
  check(
    inGroup.length === 1 && inGroup[0] === `${anna}: the image door.png`,
    'ben’s history lacks the image.',
  );
  confirm(`${ben}’s history of the group has: ${inGroup.join(', ')}`);
  const download = await api.download(file);
  check(download.status === 200, `The image was answered ${download.status}.`);
  confirm(`${ben} can download the image (200).`);
  return { textId, imageId, file };
}

/** @typedef {Awaited<ReturnType<typeof sendMessages>>} Sent */

/**
 * @param {Api} api
 * @param {Cast} cast
 * @param {Sent} sent
 */
async function recallMessages(api, { anna, ben, benToken, group }, { textId, imageId, file }) {
  step(`${anna} takes both back`);
  const recallText = { msg_id: textId, to: ben, from: anna, chat_type: 'chat' };
  const recalls = [recallText, { msg_id: imageId, to: group, from: anna, chat_type: 'groupchat' }];
  for (const recall of recalls) {
    const { status, body } = await api.recall(recall);
    check(status === 200 && body.data.recalled === 'yes', `The recall was answered ${status}.`);
    confirm(`recalled message ${body.data.msg_id} (${body.data.chattype} to ${body.data.to})`);
  }
  const left = [
    ...(await api.history(ben, benToken, `${anna}@easemob.com`)),
    ...(await api.history(ben, benToken, `${group}@conference.easemob.com`)),
  ];
  check(left.length === 0, `History still has ${left.join(', ')}.`);
  confirm(`${ben}’s history has neither of them any more.`);
  const gone = await api.download(file);
  check(gone.status === 404, `The image was answered ${gone.status}.`);
  confirm(`The image is gone: 404 ${gone.body.error}, “${gone.body.error_description}”.`);

  step('A second recall of the same message is refused');
  const again = await api.recall(recallText);
  check(again.status === 403, `The second recall was answered ${again.status}.`);
  confirm(`403 ${again.body.error}, “${again.body.error_description}”`);
}

/**
 * @param {Api} api
 * @param {Cast} cast
 */
async function deleteConversation(api, { anna, ben, annaToken, benToken, group }) {
  step(`${anna} deletes the conversation with ${ben}, for herself only`);
  const text = 'See you on Saturday.';
  await api.send({ from: anna, to: ben, type: 'txt', body: { msg: text } });
  say(`${anna} → ${ben}: “${text}”`);
  await api.deleteConversation(anna, { channel: ben, type: 'chat', delete_roam: true });
  const annas = await api.conversations(anna, annaToken);
  const named = annas.map((/** @type {string} */ id) => (id === group ? 'the group “weekend trip”' : id));
  const annasHistory = await api.history(anna, annaToken, `${ben}@easemob.com`);
  check(!annas.includes(ben) && annasHistory.length === 0, `${anna} still sees ${ben}.`);
  confirm(`${anna}’s conversations are now: ${named.join(', ')}; her history of ${ben} is empty.`);
  const bens = await api.conversations(ben, benToken);
  const bensHistory = await api.history(ben, benToken, `${anna}@easemob.com`);
  check(bens.includes(anna) && bensHistory.length === 1, `${ben} lost the conversation.`);
  confirm(`${ben} still has ${anna} in his list, and in his history: ${bensHistory.join(', ')}`);
}

/**
 * @param {Backend} backend
 * @param {'easemob' | 'tencent'} dialect
 * @param {Sent} sent
 */
async function showCallbacks(backend, dialect, { textId, imageId }) {
  const callbacks = await backend.callbacks(dialect, 2);
  check(callbacks.length === 2, `${callbacks.length} ${dialect} callbacks came for two recalls.`);
  for (const { request, body, verified } of callbacks) {
    say(`${dialect}, as ${request}`);
    show(body);
    check(verified, `The signature of this ${dialect} callback is wrong.`);
    confirm('signature verified');
  }
  if (dialect === 'tencent') return;
  const told = callbacks.map(({ body }) => body.recall_id);
  check(told.includes(textId) && told.includes(imageId), 'The callbacks name other messages.');
}

/**
 * @param {boolean} holds
 * @param {string} otherwise what went wrong, for the person who runs the demo
 */
function check(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
